"""A field for a camera, clip, folder or stream: what there is, what was used, and paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from engine.camera.v4l import CameraFacts, inspect_cameras
from engine.picture_formats import is_picture_name
from engine.text import mask_credentials
from tui.link import EngineApp, in_thread
from tui.widgets.fields import Field
from tui.words.text import clean

SEPARATOR = "; "
"""Between several sources; paths may hold blanks."""
RECENT = "sources"
"""Name in the app's memory of the sources used last, one a line, newest first."""
KEPT = 5
"""Sources that are remembered."""
LISTED = 6
"""Lines of the list that are in view."""
CLIPS = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v", ".fdrec"})
"""Endings of files that are offered; any other file can be typed."""
MOST = 50
"""Paths that are offered."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A source, and what it is."""

    source: str
    about: str


def remember_source(app: EngineApp, source: str) -> None:
    """Put a source first among those used last. One with a password is forgotten."""
    if mask_credentials(source) == source and "\n" not in source:
        used = [source, *(each for each in recent(app) if each != source)]
        app.remember(RECENT, "\n".join(used[:KEPT]))


def recent(app: EngineApp) -> list[str]:
    """The sources used last, newest first."""
    return [line for line in app.memory.get(RECENT, "").splitlines() if line]


def of_camera(camera: CameraFacts) -> Offer:
    """A camera with its name and its largest picture, or why it cannot be used."""
    number = camera.path.name.removeprefix("video")
    sizes = [(size.width, size.height) for form in camera.formats for size in form.sizes]
    width, height = max(sizes, default=(0, 0))
    size = f", {width}x{height}" if width else ""
    about = str(camera.trouble) if camera.trouble else f"{camera.name}{size}"
    return Offer(number if number.isdigit() else str(camera.path), about)


def offers(cameras: Iterable[CameraFacts], used: Sequence[str]) -> tuple[Offer, ...]:
    """The cameras that deliver pictures, what was used last, and the demo."""
    found = [of_camera(camera) for camera in cameras if not camera.metadata]
    known = {offer.source for offer in found}
    found += [Offer(source, "used before") for source in used if source not in known]
    if not any(offer.source.startswith("demo:") for offer in found):
        found.append(Offer("demo:collins", "a demo that needs no camera"))
    return tuple(found)


def paths(typed: str, *, folders: bool = False) -> tuple[Offer, ...]:
    """Folders, clips and pictures whose path begins with what was typed. Never raises."""
    head, slash, rest = typed.rpartition("/")
    if not (slash or typed.startswith("~")) or "://" in typed:
        return ()
    try:
        entries = sorted(Path(f"{head}/").expanduser().iterdir())[: MOST * 20]
    except (OSError, RuntimeError, ValueError):
        return ()
    found = []
    for entry in entries:
        hidden = entry.name.startswith(".") and not rest.startswith(".")
        if hidden or not entry.name.startswith(rest):
            continue
        if entry.is_dir():
            found.append(Offer(f"{head}/{entry.name}/", "folder"))
        elif not folders and entry.suffix.lower() in CLIPS:
            found.append(Offer(f"{head}/{entry.name}", "clip"))
        elif not folders and is_picture_name(entry):
            found.append(Offer(f"{head}/{entry.name}", "picture"))
    return tuple(found[:MOST])


def matching(typed: str, known: Sequence[Offer]) -> tuple[Offer, ...]:
    """What is offered for what stands in the field: paths, else the known sources with this in
    them; all of them where the field holds one of them already."""
    if found := paths(typed):
        return found
    if not typed or typed in {offer.source for offer in known}:
        return tuple(known)
    part = typed.casefold()
    return tuple(o for o in known if part in o.source.casefold() or part in o.about.casefold())


class OfferList(OptionList, can_focus=False):
    """The offers below the field, which keeps the focus."""

    DEFAULT_CSS = f"""
    OfferList {{
        display: none; overlay: screen; constrain: none inside;
        height: auto; max-height: {LISTED}; margin: 0 0 0 12; padding: 0; border: none;
        background: $panel;
    }}
    """


class PathInput(Input):
    """The text. Down and up choose in the list of offers; Enter takes the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", "Next offer", show=False),
        Binding("up", "choose(-1)", "Offer before", show=False),
    ]

    def __init__(self, value: str, found: OfferList, *, id: str, hint: str) -> None:
        super().__init__(value, id=id, placeholder=hint, compact=True)
        self._list = found

    def action_choose(self, step: int) -> None:
        """Choose another offer; above the first one, none."""
        found = self._list
        if not found.display or not found.option_count:
            return
        place = (-1 if found.highlighted is None else found.highlighted) + step
        found.highlighted = None if place < 0 else min(place, found.option_count - 1)

    async def action_submit(self) -> None:
        """Take the chosen offer, else do what the form offers."""
        if self._list.display and self._list.highlighted is not None:
            self._list.action_select()
        else:
            await super().action_submit()


class FolderField(Vertical):
    """A field for a folder, with the list of those whose path begins with what was typed."""

    DEFAULT_CSS = "FolderField { height: auto; }"

    def __init__(self, label: str, value: str, *, id: str, hint: str = "") -> None:
        """`id` is that of the input; `hint` stands in it while it is empty."""
        offers = OfferList(id=f"{id}-offers", compact=True)
        field = PathInput(value, offers, id=id, hint=hint)
        super().__init__(Field(label, field), offers)  # the list lies over what stands below
        self._list, self._input = offers, field
        self._offered: tuple[Offer, ...] = ()

    def offers(self, typed: str) -> tuple[Offer, ...]:
        """What goes with what was typed. Called on a thread."""
        return paths(typed, folders=True)

    @property
    def _has_focus(self) -> bool:
        focused = self.screen.focused
        return focused is not None and self in focused.ancestors

    @work(exclusive=True, group="offers", exit_on_error=False)
    async def offer(self) -> None:
        """List what goes with what was typed."""
        typed = self._input.value.rpartition(SEPARATOR.strip())[2].strip()
        self._offered = await in_thread(partial(self.offers, typed))
        if not self.is_attached:
            return
        self._list.clear_options()
        wide = min(40, max((len(offer.source) for offer in self._offered), default=0))
        self._list.add_options(
            Option(Text(f"{clean(offer.source):<{wide}}  {clean(offer.about)}"))
            for offer in self._offered
        )
        self._list.display = self._has_focus and bool(self._offered)

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        """Open the list."""
        self.offer()

    def on_descendant_blur(self, _event: events.DescendantBlur) -> None:
        """Close the list once the focus is elsewhere."""
        self.call_after_refresh(self._close)

    def _close(self) -> None:
        if self.is_attached and not self._has_focus:
            self._list.display = False

    @on(Input.Changed)
    def _typed(self) -> None:
        self.offer()

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        before, sign, _typed = self._input.value.rpartition(SEPARATOR.strip())
        taken = self._offered[event.option_index].source
        self._input.value = f"{before}{SEPARATOR if sign else ''}{taken}"
        self._input.cursor_position = len(self._input.value)
        self._input.focus()


class SourceField(FolderField):
    """The field `form-source`: cameras, sources used last, clips and pictures. Several sources are
    parted by `;`."""

    def __init__(self, source: str) -> None:
        super().__init__("Source", source, id="form-source")
        self._known: tuple[Offer, ...] = ()
        self._before = source.rpartition(SEPARATOR.strip())[2].strip()

    def on_mount(self) -> None:
        """Look for cameras."""
        self._look()

    @work(exit_on_error=False)
    async def _look(self) -> None:
        app = self.app
        assert isinstance(app, EngineApp)
        self._known = offers((), recent(app))
        self._known = offers(await in_thread(inspect_cameras), recent(app))
        if self.is_attached:
            self.offer()

    def offers(self, typed: str) -> tuple[Offer, ...]:
        """Cameras and sources known, or paths; all that is known until something is typed."""
        return matching("" if typed == self._before else typed, self._known)

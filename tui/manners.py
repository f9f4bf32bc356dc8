"""What makes the desk pleasant: own keys, a memory, themes, jump, zoom, copy, a welcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from textual import on, work
from textual.binding import Binding
from textual.geometry import Offset
from textual.theme import Theme
from textual.widget import Widget

from engine.camera.device import cameras
from engine.camera.masking import mask_credentials
from engine.config import keys_file
from engine.files import write_plain
from engine.service.protocol import Desk, EnrolRequest, RecogniseRequest
from tui.calls import in_thread
from tui.evaluation_actions import EvaluationApp
from tui.keys import KEYS
from tui.keys.keymap import read_keymap, written
from tui.keys.names import use
from tui.memory import Memory, Scalar
from tui.panes.base import Empty, Pane
from tui.preview import CHOICES, Chooser
from tui.preview_actions import PreviewApp
from tui.screens.copied import CopiedForm
from tui.screens.desk import PANES, DeskScreen
from tui.screens.jump import JumpScreen, Place
from tui.screens.welcome import WelcomeScreen
from tui.sheets import Sheet
from tui.text import clean

EXPORTS = "exports"
"""The folder in the workspace that is offered for copies."""


class MannersApp(EvaluationApp, PreviewApp):
    """Keys of one's own, and everything that is remembered."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        settings = desk.settings.app
        self.memory = Memory(desk.workspace)
        self.animation_level = "full" if settings.animation else "none"
        self.keymap_file = read_keymap(keys_file(), KEYS)
        use(self.keymap_file)
        self.set_keymap(dict(self.keymap_file.changed))
        self.source = self.memory.get("source", self.source)
        self.count = self.memory.get("count", self.count)
        kept = self.memory.get("preview", str(settings.preview))
        self.preview_chooser = Chooser(next((c for c in CHOICES if c == kept), settings.preview))
        self._theme_trouble = ""
        chosen = settings.theme or self.memory.get("theme", self.theme)
        if chosen in self.available_themes:
            self.theme = chosen
        elif settings.theme:
            known = ", ".join(sorted(self.available_themes))
            self._theme_trouble = f"There is no theme {clean(chosen)!r}. There are: {known}."

    # --- start ---------------------------------------------------------------------------

    def begin_manners(self) -> None:
        """After the first paint: what was wrong with the files."""
        for trouble in (*self.keymap_file.troubles, self._theme_trouble):
            if trouble:
                self.tell(trouble, "warning")
        self.theme_changed_signal.subscribe(self, self._theme_chosen)

    def restore_view(self) -> None:
        """The view as it was left; call this once the lists are there and take their focus."""
        front, untouched = self.memory.get("front", ""), PANES[0].NAME
        if self.screen_desk.front == untouched and front in {pane.NAME for pane in PANES}:
            self.screen_desk.show_pane(front)
            self.screen_desk.zoomed = self.memory.get("zoom", False)

    def _theme_chosen(self, theme: Theme) -> None:
        self.remember("theme", theme.name)

    def remember(self, name: str, value: Scalar) -> None:
        """Keep a value in the workspace's ui.json."""
        if self.memory.put(name, value):
            self._save_memory()

    @work(exclusive=True, group="memory", exit_on_error=False)
    async def _save_memory(self) -> None:
        await in_thread(self.memory.save)

    def welcome(self) -> None:
        """The three steps, once a workspace, and only while nothing else asks for attention."""
        if "welcomed" in self.memory or self.screen is not self.screen_desk:
            return
        self.remember("welcomed", True)
        screen = WelcomeScreen([clean(str(path)) for path in cameras()])

        def closed(enrol: bool | None) -> None:
            if enrol:
                self.call_later(self.run_action, "new_person")

        self.push_screen(screen, closed)

    def action_preview_level(self) -> None:
        """The next level of the preview, kept for the next start."""
        super().action_preview_level()
        self.remember("preview", self.preview_chooser.choice)

    # --- what is remembered of jobs ------------------------------------------------------

    @on(DeskScreen.FrontChanged)
    def _front_changed(self, message: DeskScreen.FrontChanged) -> None:
        self.remember("front", message.pane)

    async def enrol(self, request: EnrolRequest) -> None:
        """Start capturing; the form offers the same again, at the next start too."""
        await super().enrol(request)
        self._source_used(request.source)
        self.remember("count", request.count)

    async def recognise(self, request: RecogniseRequest) -> None:
        """Start watching."""
        await super().recognise(request)
        self._source_used(request.source)

    def _source_used(self, source: str) -> None:
        if mask_credentials(source) == source:  # a password does not belong into a view's memory
            self.remember("source", source)

    # --- keys ----------------------------------------------------------------------------

    def get_key_display(self, binding: Binding) -> str:
        """The key as help and README write it, not with Textual's caret."""
        return binding.key_display or written(binding.key)

    # --- actions -------------------------------------------------------------------------

    def action_zoom(self) -> None:
        """The pane in front alone, and back."""
        desk = self.screen_desk
        desk.zoomed = not desk.zoomed
        self.remember("zoom", desk.zoomed)

    def action_jump(self) -> None:
        """Letters on panes and fields."""
        if self.screen is not self.screen_desk:
            return
        places = jump_places(self.screen_desk.query(Pane))

        def chosen(target: Widget | None) -> None:
            if isinstance(target, Pane):
                self.screen_desk.show_pane(target.NAME)
            elif target is not None:
                target.focus()

        self.push_screen(JumpScreen(places), chosen)

    def action_copy(self) -> None:
        """What is in front, to the clipboard and, if wanted, to a file."""
        sheet = self.sheet_in_front()
        if sheet is None:
            self.explain("There is nothing to copy here yet.")
            return
        text = sheet.text()
        self.copy_to_clipboard(text)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        file = self.desk.workspace / EXPORTS / f"{sheet.what}-{stamp}.{sheet.suffix}"

        async def write(path: Path) -> None:
            await in_thread(partial(write_plain, path, sheet.file().encode()))
            self.tell(f"Written: {path}", "good")

        lines = len(text.splitlines())
        self.push_screen(CopiedForm(write, lines=lines, file=file))

    def sheet_in_front(self) -> Sheet | None:
        """What `copy` means: that of the open screen, else of the pane in front."""
        screen = self.screen
        own = getattr(screen, "sheet", None)
        if screen is not self.screen_desk and callable(own):
            made = own()
            return made if isinstance(made, Sheet) else None
        return self.screen_desk.pane(self.screen_desk.front).sheet()


def jump_places(panes: Iterable[Pane]) -> list[Place]:
    """The panes in view, each with the fields in it that take the focus."""
    places = []
    for pane in panes:
        if not pane.region.area or not pane.is_on_screen:
            continue
        places.append(Place(pane, pane.region.offset + Offset(1, 0)))
        for field in pane.query("*").results(Widget):
            stands_for_pane = isinstance(field, Empty) or f"#{field.id}" == pane.MAIN
            if field.focusable and field.region.area and not stands_for_pane:
                places.append(Place(field, field.region.offset))
    return places

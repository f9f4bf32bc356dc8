"""What makes the desk pleasant: own keys, a memory, themes, jump, zoom, copy, a welcome.

Jump mode: a letter on every pane and field in view; the letter goes there, Esc stays.

After copying: what was copied, and a file for terminals that take no OSC 52.

The first start on a workspace: three short steps, never shown again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Offset
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from engine.camera.v4l import cameras
from engine.config import keys_file
from engine.contract.desk import Desk
from engine.contract.requests import EnrolRequest, RecogniseRequest
from engine.text import many, mask_credentials
from engine.workspace.files import write_plain
from tui.desk.jobs import PreviewApp
from tui.desk.screen import PANES, DeskScreen
from tui.keys import KEYS, bindings_of, written
from tui.keys.keymap import read_keymap, use, with_keys
from tui.link import in_thread
from tui.memory import Memory, Scalar
from tui.panes.base import Empty, Pane
from tui.screens.dialog import Dialog, Form, Send
from tui.screens.evaluation import EvaluationApp
from tui.terminal.line import CHOICES, Chooser
from tui.widgets.fields import Field, Wrong
from tui.words.tables import Sheet
from tui.words.text import clean

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The keys under the fingers first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Something to jump to. `at` is the cell its letter covers."""

    target: Widget
    at: Offset


class JumpScreen(Dialog[Widget]):
    """Lays letters over the screen below; ends with the place that was chosen, or None."""

    DEFAULT_CSS = """
    JumpScreen { background: transparent; align: left top; layers: labels; }
    JumpScreen Static {
        width: auto; height: 1; position: absolute; layer: labels;
        background: $warning; color: $background; text-style: bold;
    }
    JumpScreen:ansi Static {
        background: ansi_default; color: ansi_default; text-style: reverse bold;
    }
    """

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.places = dict(zip(LETTERS, places, strict=False))

    def compose(self) -> ComposeResult:
        """A label a place."""
        for letter, place in self.places.items():
            label = Static(Text(f" {letter} "), markup=False)
            label.styles.offset = (place.at.x, place.at.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """A letter chooses; Esc is the dialog's, and other keys do nothing here."""
        place = self.places.get(event.key)
        if place is not None:
            event.stop()
            self.dismiss(place.target)


class CopiedForm(Form[Path]):
    """Copying has happened; Enter or w writes the file, Esc leaves it at that."""

    TITLE_TEXT = "Copied"
    GO = "Write file"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("copied")]

    def __init__(self, send: Send[Path], *, lines: int, file: Path) -> None:
        super().__init__(send)
        self._lines, self._file = lines, file

    def form_fields(self) -> ComposeResult:
        """What was done, and where the file would be."""
        yield Label(
            (
                "{lines} sent to the terminal's clipboard (OSC 52). Not every terminal takes it, "
                "and tmux only with `set -g set-clipboard on`."
            ).format(lines=many(self._lines, "line")),
            markup=False,
        )
        yield Field("File", Input(str(self._file), id="copied-file", compact=True))

    def on_mount(self) -> None:
        """The button has the focus, so that w is a key and no letter of the path."""
        self.query_one("#form-go").focus()

    @on(Button.Pressed, "#form-go")
    def _write(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_confirm()

    def request(self) -> Path:
        """Where to write. An existing file is not written over."""
        text = self.value("#copied-file")
        if not text:
            raise Wrong("Say where the file goes.", "#copied-file")
        file = Path(text).expanduser()
        if file.exists():
            raise Wrong("There is such a file already: choose another name.", "#copied-file")
        return file


def steps(cameras: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Heading and text of the three steps. `cameras` are the device files found."""
    found = "Found: {cameras}.".format(cameras=", ".join(cameras))
    if not cameras:
        found = "None found on this machine: a clip, a stream or demo:collins serves as well."
    try_first = (
        "To see the whole job first, without a camera: leave, and run `facedesk demo --tui`. "
        "`facedesk doctor` says what is wrong with a camera."
    )
    enrol = (
        "{key.new_person} enrols a person: type the name, press Enter, look at the camera. "
        "{key.import_folder} takes photographs from folders.\n\n"
        "Faces are biometric data: enrol people who agreed to it. They stay on this machine."
    )
    watch = (
        "{key.train} trains a model, {key.recognise} names who stands in front of the camera; "
        "strangers are called unknown.\n\n"
        "{key.help} shows every key, {key.jump} jumps to a pane, {key.quit} leaves."
    )
    return (
        ("1 of 3  The camera", f"{clean(found)}\n\n{try_first}"),
        ("2 of 3  Enrol", with_keys(enrol)),
        ("3 of 3  Train and watch", with_keys(watch)),
    )


class WelcomeScreen(Dialog[bool]):
    """Enter goes on, Esc ends it. True if the operator wants to enrol at once."""

    TITLE_TEXT = "Welcome to Facedesk"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("welcome")]

    def __init__(self, cameras: Sequence[str]) -> None:
        super().__init__()
        self._steps = steps(cameras)
        self.step = 0

    def body(self) -> ComposeResult:
        """One step at a time."""
        yield Static(id="welcome-step", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Close (Esc)", id="welcome-close", compact=True)
            yield Button("Next (Enter)", variant="primary", id="welcome-next", compact=True)

    def on_mount(self) -> None:
        """Begin with the first step."""
        self._show()
        button = self.query_one("#welcome-next", Button)
        button.active_effect_duration = 0  # during the effect a button takes no second Enter
        button.focus()

    def _show(self) -> None:
        heading, text = self._steps[self.step]
        about = Text.assemble((heading, "bold"), "\n\n", text)
        self.query_one("#welcome-step", Static).update(about)
        if self.step == len(self._steps) - 1:
            self.query_one("#welcome-next", Button).label = "Begin (Enter)"

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Enter on a button."""
        event.stop()
        if event.button.id == "welcome-close" or self.step == len(self._steps) - 1:
            self.dismiss(False)
        else:
            self.step += 1
            self._show()

    def action_enrol_first(self) -> None:
        """The key for a new person works here too."""
        self.dismiss(True)


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

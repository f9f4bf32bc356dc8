"""The first start on a workspace: three short steps, never shown again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.screens.dialog import Dialog
from tui.text import clean


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

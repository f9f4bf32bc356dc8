"""After copying: what was copied, and a file for terminals that take no OSC 52."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Button, Input, Label

from engine.shown import many
from tui.keys import bindings_of
from tui.screens.dialog import Form, Send
from tui.widgets.fields import Field, Wrong


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

"""The passphrase screen: a small app of its own that runs before the desk, which needs the key."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.driver import Driver
from textual.widgets import Input, Label, Static

from engine.contract.errors import FacedeskError, WrongKey
from engine.workspace.folder import Workspace
from engine.workspace.vault.keys import VaultRecord, from_passphrase, open_with
from tui.link import in_thread
from tui.terminal.line import driver_of
from tui.words.text import clean


class UnlockApp(App[bool]):
    """Asks for the passphrase until it is right; returns whether the vault is open."""

    TITLE = "Facedesk"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "styles/unlock.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", priority=True),
        Binding("ctrl+c", "leave", priority=True),
        Binding("ctrl+q", "leave", priority=True),
    ]

    def __init__(self, workspace: Workspace, record: VaultRecord) -> None:
        super().__init__()
        self._workspace, self._record = workspace, record
        self.opening = False
        """Whether a passphrase is being tried: it takes a moment, on purpose."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, made fit for any keyboard."""
        return driver_of(super().get_driver_class())

    def compose(self) -> ComposeResult:
        """Three lines of help, the field, what was wrong."""
        with Vertical(id="unlock") as box:
            box.border_title = "The workspace is encrypted"
            yield Static(
                "\n".join(
                    (
                        clean(str(self._workspace.root)),
                        "Enter opens it; Esc leaves. A moment is needed for each try.",
                        "Nobody can open it without the passphrase of "
                        f"{self._record.created[:10]}.",
                    )
                ),
                id="unlock-help",
                markup=False,
            )
            yield Label("Passphrase")
            yield Input(password=True, id="unlock-passphrase")
            yield Static(id="unlock-error", markup=False)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Try it, once at a time."""
        if event.value and not self.opening:
            self.opening = True
            self._say("Opening ...")
            self._try(event.value)

    @work(exit_on_error=False)
    async def _try(self, text: str) -> None:
        def opens() -> None:
            open_with(self._workspace.root, self._record, from_passphrase(text))

        try:
            await in_thread(opens)
        except WrongKey as error:
            self._say(f"{error.title}. {error.hint}")
            self.query_one(Input).value = ""
        except FacedeskError as error:
            self._say(str(error))
        else:
            self.exit(True)
        finally:
            self.opening = False

    def action_leave(self) -> None:
        """Go without opening."""
        self.exit(False)

    def _say(self, text: str) -> None:
        self.query_one("#unlock-error", Static).update(clean(text))

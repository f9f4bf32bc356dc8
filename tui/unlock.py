"""Opening an encrypted workspace: with what the settings give, else by asking on the terminal.

The passphrase screen: a small app of its own that runs before the desk, which needs the key.
"""

from __future__ import annotations

import getpass
import sys
from typing import ClassVar, Literal

import click
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.driver import Driver
from textual.widgets import Input, Label, Static

from engine.contract.errors import Cancelled, FacedeskError, VaultError, WrongKey
from engine.settings import Settings
from engine.workspace.folder import Workspace
from engine.workspace.vault.keys import (
    Opener,
    VaultRecord,
    check_new_passphrase,
    from_passphrase,
    given,
    open_with,
    read_record,
    unlock,
)
from tui.link import in_thread
from tui.terminal.line import driver_of
from tui.words.text import clean

TRIES = 3
"""Passphrases asked for before giving up."""

Opening = Literal["ask", "screen", "given", "no"]
"""How far to go: ask the operator, on a screen of its own, take what the settings give and go on
without, or not at all."""


def open_workspace(workspace: Workspace, settings: Settings, opening: Opening) -> None:
    """Open the workspace's vault, if it has one.

    Raises VaultLocked where nobody can be asked, WrongKey, VaultError; Cancelled by Ctrl+C.
    """
    if opening == "no":
        return
    if opening == "given":
        try:
            unlock(workspace.root, settings.vault)
        except VaultError:
            return  # whoever goes on without says what is locked
        return
    if not can_ask():
        unlock(workspace.root, settings.vault)
        return
    if opening == "screen":
        _on_a_screen(workspace, settings)
        return
    for attempt in range(1, TRIES + 1):
        try:
            unlock(workspace.root, settings.vault, lambda record: _ask(workspace, record))
            return
        except WrongKey as error:
            if attempt == TRIES or _is_given(settings):
                raise
            click.echo(f"{error.title}. {error.hint}", err=True)


def _on_a_screen(workspace: Workspace, settings: Settings) -> None:
    """Before the app: a passphrase screen, if nothing else opens the vault."""
    record = read_record(workspace.root)
    if record is None or record.wrap.by != "passphrase":
        unlock(workspace.root, settings.vault)
        return
    opener = given(record, settings.vault)  # standard input gives it once
    if opener is not None:
        open_with(workspace.root, record, opener)
        return

    if not UnlockApp(workspace, record).run(mouse=False):
        raise Cancelled


def can_ask() -> bool:
    """Whether there is a terminal to ask on."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def ask_passphrase(prompt: str) -> str:
    """A line typed on the terminal, which does not show it. Raises Cancelled."""
    try:
        return getpass.getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        click.echo("", err=True)
        raise Cancelled from None


def ask_new_passphrase() -> Opener:
    """A new passphrase, typed twice. Raises VaultError, Cancelled."""
    text = ask_passphrase("New passphrase: ")
    check_new_passphrase(text)
    if ask_passphrase("The same again: ") != text:
        raise VaultError("The passphrase cannot be used", "the two are not the same", "Try again.")
    return from_passphrase(text)


def _ask(workspace: Workspace, record: VaultRecord) -> Opener:
    for line in (
        f"The workspace {workspace.root} is encrypted.",
        "Type its passphrase; nothing is shown while you type. Ctrl+C leaves.",
        f"It is that of vault key {record.key.hex()[:8]}, made {record.created[:10]}; "
        "nobody can open it without.",
    ):
        click.echo(line, err=True)
    return from_passphrase(ask_passphrase("Passphrase: "))


def _is_given(settings: Settings) -> bool:
    return bool(settings.vault.key_file or settings.vault.passphrase_file)


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

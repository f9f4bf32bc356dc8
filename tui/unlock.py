"""Opening an encrypted workspace: with what the settings give, else by asking on the terminal."""

from __future__ import annotations

import getpass
import sys
from typing import Literal

import click

from engine.errors import Cancelled, VaultError, WrongKey
from engine.settings import Settings
from engine.vault.record import VaultRecord, read_record
from engine.vault.unlock import given, open_with, unlock
from engine.vault.wrapping import Opener, check_new_passphrase, from_passphrase
from engine.workspace import Workspace

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
    from tui.unlock_app import UnlockApp

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

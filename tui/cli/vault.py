"""`facedesk vault`: encrypting a workspace, opening it otherwise, checking it, decrypting it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from engine.contract.errors import SealBroken, UsageError, VaultError
from engine.settings import VaultSettings
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.vault import opened
from engine.workspace.vault.convert import Converted, survey, verify
from engine.workspace.vault.convert import change_key as change
from engine.workspace.vault.convert import create as seal_all
from engine.workspace.vault.convert import remove as unseal_all
from engine.workspace.vault.keys import (
    STANDARD_INPUT,
    Opener,
    check_new_passphrase,
    from_key_file,
    from_passphrase,
    from_passphrase_file,
    from_standard_input,
    given,
    make_key_file,
    needed_record,
    open_with,
    read_record,
)
from tui.cli.options import yes_option
from tui.cli.run import (
    Context,
    SubGroup,
    ask_new_passphrase,
    ask_passphrase,
    can_ask,
    interruptible,
)

STATES = {
    "sealed": "encrypted",
    "sealing": "being encrypted: run `facedesk vault create` once more",
    "unsealing": "being decrypted: run `facedesk vault remove` once more",
}


def _keys(prefix: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--key-file` and `--passphrase-file`, or those of a new key."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        key = click.option(
            f"--{prefix}key-file",
            type=click.Path(),
            metavar="FILE",
            help="A key file of 32 random bytes; a new one is made where a new key is wanted.",
        )
        phrase = click.option(
            f"--{prefix}passphrase-file",
            metavar="FILE",
            help="A file with the passphrase in its first line; -: standard input.",
        )
        return key(phrase(command))

    return add


@click.group(cls=SubGroup, default="status")
def vault() -> None:
    """Encrypt the workspace, or decrypt it. Without a command: status.

    \b
    facedesk vault
    facedesk vault create
    """


@vault.command("status", opening="no")
def vault_status(context: Context) -> None:
    """Whether the workspace is encrypted, how, and how many files are; needs no key.

    \b
    facedesk vault status
    """
    record, output = read_record(context.workspace.root), context.output
    found = survey(context.workspace)
    plain, sealed = many(found.plain, "file"), many(found.sealed, "file")
    facts: dict[str, object] = {"event": "vault", "encrypted": record is not None}
    if record is None:
        output.result(f"Not encrypted: {plain}.")
    else:
        key, wrap = record.key.hex(), record.wrap
        facts |= {"state": record.state, "cipher": "AES-256-GCM", "key": key}
        facts |= {"created": record.created, "opened_by": wrap.by}
        how = "a key file"
        if wrap.by != "key-file":
            how = f"a passphrase (scrypt, N={wrap.n}, r={wrap.r}, p={wrap.p})"
        output.result(f"State: {STATES[record.state]}")
        made = record.created[:10]
        output.result(f"AES-256-GCM, vault key {key[:8]} of {made}, opened by {how}")
        output.result(f"{sealed} encrypted, {plain} not")
    if output.as_json:
        output.object({**facts, **asdict(found)})


@vault.command("create", opening="no")
@_keys()
def vault_create(context: Context, key_file: str | None, passphrase_file: str | None) -> None:
    """Encrypt the workspace in place: pictures, features, models, names in files, all of it.

    The passphrase is asked for twice, or read from a file. May be interrupted: the same command
    goes on where it was. Names of folders stay readable. Keep a copy of vault.json.

    \b
    facedesk vault create
    facedesk vault create --key-file /media/stick/facedesk.key
    """
    record = read_record(context.workspace.root)
    if record is not None and record.state == "sealing":
        opener = _opened(context, key_file, passphrase_file)
    else:
        opener = _new(context.workspace.root, key_file, passphrase_file)
        context.workspace.prepare()
    noted = Audit(context.workspace).of("vault-created", by=opener.by)
    said = "{files} encrypted. Keep a copy of {vault}."
    _convert(context, "vault create", noted, opener, seal_all, said)
    context.output.note("The disk may still hold unencrypted remains until it overwrites them.")


@vault.command("check", opening="no")
@_keys()
def vault_check(context: Context, key_file: str | None, passphrase_file: str | None) -> None:
    """Open the vault and read every file: is the key right, was a file changed?

    \b
    facedesk vault check
    """
    _opened(context, key_file, passphrase_file)
    with context.output.progress("Reading", None) as bar:
        found, broken = verify(context.workspace, bar.update)
    context.output.records(
        "broken", broken, lambda path: [f"Changed: {path}"], fields=lambda path: {"file": path}
    )
    words = f"The key is right; {many(found.sealed, 'file')} read."
    context.output.done(words, **{**asdict(found), "broken": len(broken)})
    if broken:
        raise SealBroken(
            "Files of the encrypted workspace were changed",
            many(len(broken), "file"),
            "Restore them from a backup, or delete them.",
        )


@vault.command("change-key", opening="no")
@_keys()
@_keys("new-")
def vault_change_key(
    context: Context, new_key_file: str | None, new_passphrase_file: str | None, **present: Any
) -> None:
    """Another passphrase or key file from now on; takes a second, no file is written anew.

    \b
    facedesk vault change-key
    facedesk vault change-key --new-key-file /media/stick/facedesk.key
    """
    _refuse_both(new_key_file, new_passphrase_file)
    opener = _opened(context, **present)
    other = _new(context.workspace.root, new_key_file, new_passphrase_file)
    noted = Audit(context.workspace).of("vault-changed", what="key", by=other.by)
    with context.writing("vault change-key"), noted:
        change(context.workspace, opener, other)
    words = "Done. Copies of the former vault.json still open with the former key."
    context.output.done(words, opened_by=other.by)


@vault.command("remove", opening="no", confirm="Write all pictures and models unencrypted?")
@_keys()
@yes_option
def vault_remove(context: Context, key_file: str | None, passphrase_file: str | None) -> None:
    """Decrypt the workspace in place; may be interrupted and goes on where it was.

    \b
    facedesk vault remove
    """
    opener = _opened(context, key_file, passphrase_file)
    noted = Audit(context.workspace).of("vault-changed", what="removed")
    said = "{files} decrypted. {vault} is gone."
    _convert(context, "vault remove", noted, opener, unseal_all, said)


# --- keys ----------------------------------------------------------------------------------------


def _opened(context: Context, key_file: str | None, passphrase_file: str | None) -> Opener:
    """Open the present vault as the options, the settings or the operator say."""
    record = needed_record(context.workspace.root)
    _refuse_both(key_file, passphrase_file)
    settings = context.settings.vault
    if key_file is not None or passphrase_file is not None:
        settings = VaultSettings(key_file=key_file or "", passphrase_file=passphrase_file or "")
    opener = given(record, settings)
    if opener is None and record.wrap.by == "passphrase" and can_ask():
        opener = from_passphrase(ask_passphrase("Passphrase: "))
    if opener is None:
        raise opened.locked(context.workspace.root)
    open_with(context.workspace.root, record, opener)
    return opener


def _new(root: Path, key_file: str | None, passphrase_file: str | None) -> Opener:
    """A new key as the options say, else a passphrase typed twice."""
    _refuse_both(key_file, passphrase_file)
    if key_file is not None:
        path = Path(key_file).expanduser()
        if path.resolve().is_relative_to(root.resolve()):
            raise UsageError(
                "The key file lies in the workspace",
                str(path),
                "Choose a place outside the workspace.",
            )
        return from_key_file(path) if path.exists() else make_key_file(path)
    if passphrase_file is not None:
        opener = (
            from_standard_input()
            if passphrase_file == STANDARD_INPUT
            else from_passphrase_file(Path(passphrase_file).expanduser())
        )
        check_new_passphrase(opener.secret.decode())
        return opener
    if not can_ask():
        raise VaultError(
            "No new key was given",
            "there is no terminal to ask on",
            "Name --key-file or --passphrase-file.",
        )
    return ask_new_passphrase()


def _refuse_both(key_file: str | None, passphrase_file: str | None) -> None:
    if key_file is not None and passphrase_file is not None:
        raise UsageError("One key is enough", "a key file and a passphrase were given", "Name one.")


# --- converting and words ------------------------------------------------------------------------


def _convert(
    context: Context,
    what: str,
    noted: AbstractContextManager[object],
    opener: Opener,
    work: Callable[..., Converted],
    said: str,
) -> None:
    """Do `work` on every file of the workspace, and say how it came out."""
    title = "Encrypting" if work is seal_all else "Decrypting"
    with (
        interruptible(keep=False) as cancel,
        context.writing(what),
        noted,
        context.output.progress(title, None) as bar,
    ):
        done = work(context.workspace, opener, report=bar.update, cancel=cancel)
    vault = context.workspace.root / opened.VAULT_FILE
    words = said.format(files=many(done.files, "file"), vault=vault)
    context.output.done(words, **asdict(done))

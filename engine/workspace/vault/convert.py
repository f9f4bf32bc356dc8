"""Sealing a workspace in place and back, file by file, so that a kill at any moment loses nothing.

vault.json says `sealing` (or `unsealing`) before the first file changes and until the last one has:
meanwhile both forms are read, and the same command once more goes on where it was. Each file is
replaced by one rename; its time stays. The caller holds `Workspace.writer` and has tidied up.

Looking at a workspace's files: how many are sealed, and whether each still opens.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.cancel import Cancel
from engine.contract.errors import SealBroken, VaultError
from engine.workspace.audit import Audit
from engine.workspace.files import read_bytes, read_plain, read_start, write_bytes, write_plain
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors
from engine.workspace.vault import envelope, opened
from engine.workspace.vault.envelope import DataKey
from engine.workspace.vault.keys import (
    Opener,
    VaultRecord,
    needed_record,
    open_with,
    read_record,
    remove_record,
)
from engine.workspace.vault.opened import VAULT_FILE, Opened, State, stamp_of

Report = Callable[[int, int], None]
"""Gets how many files are done, of how many."""


@dataclass(frozen=True, slots=True)
class Converted:
    """How many files were sealed or unsealed, of how many bytes."""

    files: int
    bytes: int


def unheard(_done: int, _total: int) -> None:
    """A report for callers who do not listen."""


def create(
    workspace: Workspace, opener: Opener, *, report: Report = unheard, cancel: Cancel | None = None
) -> Converted:
    """Encrypt the workspace, or go on where an earlier run was cut short. Raises VaultError if it
    is encrypted already or is being decrypted, WrongKey if an earlier run began with another key,
    Cancelled, DiskFull, WorkspaceUnusable."""
    root = workspace.root
    record = read_record(root)
    if record is None:
        record = VaultRecord.make(DataKey.make(), opener, opener.wrap(), "sealing")
        record.save(root)
    elif record.state == "unsealing":
        hint = "Finish decrypting it first."
        raise VaultError("The workspace is being decrypted", str(root), hint)
    elif record.state == "sealed":
        hint = "Change the key to use another passphrase or key file."
        raise VaultError("The workspace is encrypted already", str(root), hint)
    vault, wrapper = open_with(root, record, opener)
    with Audit(workspace).still():
        done = _each(workspace, _seal, report, cancel)
    _enter(vault, record, wrapper, "sealed")
    return done


def remove(
    workspace: Workspace, opener: Opener, *, report: Report = unheard, cancel: Cancel | None = None
) -> Converted:
    """Decrypt the workspace, or go on where an earlier run was cut short; also of a `create`.
    Raises VaultError if it is not encrypted, WrongKey, SealBroken for a file that was changed
    (nothing is decided about it: delete or restore it, then go on), and as `create`."""
    root = workspace.root
    record = needed_record(root)
    vault, wrapper = open_with(root, record, opener)
    _enter(vault, record, wrapper, "unsealing")
    with Audit(workspace).still():
        done = _each(workspace, _unseal, report, cancel)
    remove_record(root)
    opened.forget(root)
    return done


def change_key(workspace: Workspace, old: Opener, new: Opener) -> None:
    """Open the vault by another passphrase or key file from now on; no file is sealed anew. Raises
    VaultError if the workspace is not encrypted, WrongKey."""
    record = needed_record(workspace.root)
    vault, _wrapper = open_with(workspace.root, record, old)
    wrap = new.wrap()
    _enter(vault, replace(record, wrap=wrap), new.key(wrap), record.state)


def contents(workspace: Workspace) -> Iterator[Path]:
    """Every file of the workspace that is sealed when it is encrypted."""
    for top in workspace.contents():
        if top.is_dir():
            for folder, _unused, files in os.walk(top):
                yield from (Path(folder, name) for name in sorted(files))
        elif top.is_file():
            yield top


def _enter(vault: Opened, record: VaultRecord, wrapper: bytes, state: State) -> None:
    """Write down a state, with the data key wrapped anew, which binds it."""
    replace(record, state=state).wrapping(vault.key, wrapper).save(vault.root)
    vault.state, vault.stamp = state, stamp_of(vault.root / VAULT_FILE)


def _each(
    workspace: Workspace, convert: Callable[[Path], int], report: Report, cancel: Cancel | None
) -> Converted:
    paths = [*contents(workspace)]
    count = size = 0
    for number, path in enumerate(paths, 1):
        if cancel is not None:
            cancel.check()
        written = convert(path)
        count, size = count + bool(written), size + written
        report(number, len(paths))
    return Converted(count, size)


def _seal(path: Path) -> int:
    """Seal a file that is plain; bytes read, 0 if it was sealed already."""
    data = read_plain(path)
    if path.suffix == envelope.LINES:
        done = all(map(envelope.is_line, data.splitlines()))
    else:
        done = envelope.is_sealed(data)
    meant = read_bytes(path)  # only what opens counts as sealed
    if done:
        return 0
    with _same_time(path):
        write_bytes(path, meant)
    return len(data) or 1


def _unseal(path: Path) -> int:
    """Unseal a file that is sealed; bytes read, 0 if it was plain already."""
    data = read_plain(path)
    lines = path.suffix == envelope.LINES and envelope.holds_lines(data)
    if not (envelope.is_sealed(data) or lines):
        return 0
    with _same_time(path):
        write_plain(path, read_bytes(path))
    return len(data)


@contextlib.contextmanager
def _same_time(path: Path) -> Iterator[None]:
    """Keep the time of change of a file that is written with other bytes of the same meaning."""
    with translate_os_errors("write a file", path):
        found = path.stat()
        yield
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@dataclass(frozen=True, slots=True)
class Survey:
    """How many files of a workspace are sealed, and how many are not."""

    sealed: int
    plain: int


def survey(workspace: Workspace) -> Survey:
    """Count by how each file begins; needs no key. Raises WorkspaceUnusable."""
    sealed = plain = 0
    for path in contents(workspace):
        start = read_start(path, len(envelope.MAGIC))
        if envelope.is_sealed(start):
            sealed += 1
        elif start or path.suffix != envelope.LINES:
            plain += 1
    return Survey(sealed, plain)


def verify(workspace: Workspace, report: Report = unheard) -> tuple[Survey, tuple[str, ...]]:
    """Open every file; the count, and the paths of those that were changed, below the root. The
    vault is open. Raises VaultLocked if it is not, WorkspaceUnusable."""
    paths = [*contents(workspace)]
    broken = []
    for number, path in enumerate(paths, 1):
        try:
            read_bytes(path)
            if path.suffix == envelope.LINES and envelope.cut_lines(read_plain(path)):
                broken.append(path.relative_to(workspace.root).as_posix())
        except FileNotFoundError:
            pass  # whoever writes beside us may remove too
        except SealBroken:
            broken.append(path.relative_to(workspace.root).as_posix())
        report(number, len(paths))
    return survey(workspace), tuple(broken)

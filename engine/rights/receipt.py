"""The final search of an erasure, and its receipt: what went, when, by whom, what was found.

    receipts/<day>-<id>.json, .txt

It bears a random id and no name, nor a hash of one: who has the workspace could try names until
the hash fits, so that it would be personal data again. Who asked for the erasure is told the id;
whoever keeps their letter keeps the link.

The search looks through every file below the workspace for the person's names, pictures and rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract.errors import DataError, ModelCorrupt
from engine.contract.people import Receipt
from engine.rights.evidence import Evidence, files_below, holds_arrays, row_digests
from engine.rights.mentions import DEEPEST, Mentions, Unread, contents, is_packed, members
from engine.workspace.files import read_json, write_bytes, write_json
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
BEYOND = (
    "backups and copies outside the workspace, recordings kept elsewhere",
    "recordings, films, photographs and documents of other programs below the workspace that show "
    "but do not name the person",
    "blocks of the disk that were freed: only an encrypted disk or workspace makes them unreadable",
    "entries of the audit log: they stay, under a pseudonym whose key was destroyed",
    "how near people from the same camera scored, one number a person, until the next training",
)
"""What no search of the workspace can speak for."""


def write(workspace: Workspace, receipt: Receipt) -> Path:
    """Write both forms; the path of the text. Writing it again changes nothing."""
    stem = f"{receipt.erased[:10].replace('-', '')}-{receipt.id}"
    write_json(workspace.receipts / f"{stem}.json", {"version": FORMAT, **to_json(receipt)})
    path = workspace.receipts / f"{stem}.txt"
    write_bytes(path, words(receipt).encode())
    return path


def forget(workspace: Workspace, mentions: Mentions) -> int:
    """Take a person's name out of former receipts, which may name unread files; how many did."""
    changed = 0
    for file in files_below(workspace.receipts):
        if file.suffix != ".json":
            continue
        with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError):
            body = read_json(file)
            if any(map(mentions.within, body.get("not_read", ()))):
                known = {each.name: body[each.name] for each in fields(Receipt)}
                known["not_read"] = unnamed(body["not_read"], mentions)
                write(workspace, Receipt(**known))
                changed += 1
    return changed


def unnamed(places: Iterable[str], mentions: Mentions) -> tuple[str, ...]:
    """These paths, without any that names the person."""
    hidden = "(a file that bears the name)"
    return tuple(hidden if mentions.within(place) else place for place in places)


def to_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as plain JSON."""
    return {**asdict(receipt), "statement": receipt.statement, "beyond": list(BEYOND)}


def words(receipt: Receipt) -> str:
    """The receipt as text."""
    lines = [
        f"Receipt {receipt.id}",
        f"Erased {receipt.erased} by {receipt.by}",
        "",
        *(f"  {count:>8}  {kind}" for kind, count in sorted(receipt.removed.items()) if count),
        "",
        f"Model in use: {receipt.model}",
        receipt.statement,
        f"Not covered: {'; '.join(BEYOND)}.",
    ]
    if receipt.resumed:
        lines.insert(2, "It was interrupted and finished later; counts are at least these.")
    return "\n".join(lines) + "\n"


BINARY = frozenset({".png", ".avi", ".mp4", ".jpg", ".jpeg"})
"""Suffixes of files whose bytes are no text."""


@dataclass(slots=True)
class Found:
    """What was looked at. Paths are relative to the workspace. `left` still hold something and are
    the operator's files, `ours` are Facedesk's own; `unread` are the files and folders that could
    not be read, or not wholly; `shared` counts files of others that hold the same as the person
    did, which is theirs too."""

    files: int = 0
    bytes: int = 0
    rows: int = 0
    shared: int = 0
    unread: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How much of each."""
        found = asdict(self).items()
        return {key: len(value) if isinstance(value, list) else value for key, value in found}


def search(workspace: Workspace, who: Evidence, beside: tuple[Path, ...] = ()) -> Found:
    """Look through the workspace, but for the files `beside`: the marker of the erasure itself."""
    look = _Look(who, who.mentions(workspace))
    ours = (*workspace.private, *workspace.contents())
    found = look.found
    for file in _everything(workspace.root, found):
        if file in beside:
            continue
        place = str(file.relative_to(workspace.root))
        own = any(file.is_relative_to(area) for area in ours)
        told = found.ours if own else found.left
        named = look.mentions.within(place)
        held = ""
        if not file.is_symlink():
            try:
                data = contents(file)
                found.files += 1
                found.bytes += len(data)
                held = look.at(file, data)
            except FileNotFoundError:
                continue
            except Unread:
                found.unread.append(place)
        if named or held == "theirs" or (held == "shared" and not own):
            told.append(place)
        elif held == "shared":
            found.shared += 1
    return found


@dataclass(slots=True)
class _Look:
    """Looks into contents. What is found is "theirs", "shared" if others have it too, or ""."""

    who: Evidence
    mentions: Mentions
    found: Found = field(default_factory=Found)

    def at(self, file: Path, data: bytes, depth: int = 0) -> str:
        """What a file of this name and contents holds. Raises Unread if a part of it cannot be
        read, and nothing that is theirs was found before."""
        digest = hashlib.sha256(data).hexdigest()
        if digest in self.who.pictures:
            return self._whose(digest)
        if holds_arrays(file, data) or file.suffix == ".npy":
            return self._in_arrays(file, data)
        if is_packed(data):
            return self._packed(data, depth)
        if file.suffix.lower() in BINARY:
            return ""
        return "theirs" if self.mentions.within_bytes(data) else ""

    def _packed(self, data: bytes, depth: int) -> str:
        if depth == DEEPEST:
            raise Unread("it is packed too deeply")
        worst, unread = "", None
        for name, inside in members(data):
            if self.mentions.within(name):
                return "theirs"
            try:
                held = self.at(Path(name or "comment"), inside, depth + 1)
            except Unread as error:
                unread = error
                continue
            if held == "theirs":
                return held
            worst = worst or held
        if unread is not None:
            raise unread
        return worst

    def _in_arrays(self, file: Path, data: bytes) -> str:
        worst = ""
        for array in _arrays(file, data):
            if array.dtype.kind in "US" and self.mentions.within(" ".join(map(str, array.ravel()))):
                return "theirs"
            for digest in row_digests(array):
                self.found.rows += 1
                if digest in self.who.rows:
                    if self._whose(digest) == "theirs":
                        return "theirs"
                    worst = "shared"
        return worst

    def _whose(self, digest: str) -> str:
        return "shared" if digest in self.who.shared else "theirs"


def _everything(root: Path, found: Found) -> Iterator[Path]:
    """Every file and link below `root`; links are not followed. Folders that may not be listed and
    what is neither file nor folder are unread."""

    def refused(error: OSError) -> None:
        found.unread.append(os.path.relpath(error.filename or root, root))

    for top, names, files in os.walk(root, onerror=refused):
        names.sort()
        yield from (Path(top, name) for name in names if os.path.islink(os.path.join(top, name)))
        yield from (Path(top, name) for name in sorted(files))


def _arrays(file: Path, data: bytes) -> list[NDArray[Any]]:
    import numpy as np

    from engine.model.arrays import unpack

    try:
        if file.suffix == ".npy":
            return [np.load(io.BytesIO(data), allow_pickle=False)]
        return list(unpack(data, "").values())
    except (ModelCorrupt, ValueError, EOFError, OSError) as error:
        raise Unread("its arrays are damaged") from error

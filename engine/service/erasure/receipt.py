"""The receipt of an erasure: what went, when, by whom, and what a last search found.

    receipts/<day>-<id>.json, .txt

It bears a random id and no name, nor a hash of one: who has the workspace could try names until
the hash fits, so that it would be personal data again. Who asked for the erasure is told the id;
whoever keeps their letter keeps the link.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.files import read_json, write_bytes, write_json
from engine.service.erasure.evidence import files_below
from engine.service.erasure.mentions import Mentions
from engine.shown import many
from engine.workspace import Workspace

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`removed` counts by kind; `model` says what became of the model in use; `searched` are the
    files, bytes and rows of numbers of the final search, how many files of others (`left`) and of
    Facedesk (`ours`) still hold something, how many were not read (`unread`), how many hold what is
    somebody else's too (`shared`), and the kept strangers who may be the person and stay, as was
    answered (`unsure`). `not_read` are the first of the unread, as paths below the workspace.

    `resumed`: the erasure was cut short and finished later; counts are then at least these.
    """

    id: str
    erased: str
    by: str
    removed: Mapping[str, int]
    model: str
    searched: Mapping[str, int]
    resumed: bool
    not_read: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """The result of the search in a sentence or more. It says that nothing was found only if
        everything was read and nothing stays."""
        told = [*self._stays()]
        return " ".join(told) or (
            "A search of all {files} files of the workspace found no name, picture, feature row, "
            "embedding or class centre of the person."
        ).format(files=self.searched["files"])

    def _stays(self) -> Iterator[str]:
        files, of = self.searched["files"], self.searched.get
        if left := of("left"):
            yield (
                f"{left} of {files} files below the workspace still hold the person's name, a "
                "picture or a row of theirs; they are not Facedesk's own."
            )
        if ours := of("ours"):
            yield (
                f"{ours} of {files} files still hold the person's name, a picture or a row of "
                "theirs although they are Facedesk's own: look at them, and tell the maintainers."
            )
        if shared := of("shared"):
            yield (
                f"{shared} of {files} files hold pictures or rows that are somebody else's too; "
                "they stay with them, as was answered."
            )
        if unsure := of("unsure"):
            yield many(
                unsure,
                "unknown may be the person, and stays, as was answered.",
                "unknown may be the person, and stay, as was answered.",
            )
        if unread := of("unread"):
            yield (
                f"{unread} files could not be read and were not searched: "
                f"{_listed(self.not_read, unread)}."
            )


def _listed(names: tuple[str, ...], count: int) -> str:
    more = f"and {count - len(names)} more" if count > len(names) else ""
    return ", ".join(filter(None, (*names, more)))


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
        "Not covered: {beyond}.".format(beyond="; ".join(BEYOND)),
    ]
    if receipt.resumed:
        lines.insert(2, "It was interrupted and finished later; counts are at least these.")
    return "\n".join(lines) + "\n"

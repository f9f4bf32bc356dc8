"""The receipt of an erasure: what went, when, by whom, and what a last search found.

    receipts/<day>-<id>.json, .txt

It bears a random id and no name, nor a hash of one: who has the workspace could try names until
the hash fits, so that it would be personal data again. Who asked for the erasure is told the id;
whoever keeps their letter keeps the link.

What an erasure may not decide by itself: what others hold too, and strangers who may be them.

Nothing is touched until each of the two has an answer of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError
from engine.contract.people import Receipt
from engine.rights.evidence import files_below
from engine.rights.mentions import Mentions
from engine.workspace.files import read_json, write_bytes, write_json
from engine.workspace.folder import Workspace

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
        "Not covered: {beyond}.".format(beyond="; ".join(BEYOND)),
    ]
    if receipt.resumed:
        lines.insert(2, "It was interrupted and finished later; counts are at least these.")
    return "\n".join(lines) + "\n"

"""The roster: names to be enrolled as people come by, from a CSV file or a folder.

    roster.json    {"version": 1, "names": [{"name": ..., "consent": ... or null}]}

Who is done is not written down: a name is done as soon as a person of that name has pictures.
"""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError, FacedeskError, NameInvalid, Remedy, UsageError
from engine.contract.people import Added, Consent, RosterRow
from engine.people.person import clean_name
from engine.people.registry import People
from engine.text import name_key, unguarded
from engine.workspace.files import open_regular, read_json, remove_file, write_json
from engine.workspace.folder import Workspace

FILE = "roster.json"
LARGEST = 4 << 20
"""Bytes of a CSV file beyond which it is none."""
MOST = 10_000
"""Names a roster holds at most."""
NAME_COLUMNS = frozenset({"name", "full name", "person"})
CONSENT_COLUMNS = frozenset({"consent"})
NO = frozenset({"", "no", "n", "none", "false", "0", "nein", "non", "withdrawn", "refused"})
"""What a cell of the consent column holds where nobody agreed."""


def entries(workspace: Workspace) -> tuple[RosterRow, ...]:
    """The roster in its order, without who has pictures. Raises DataError if it is damaged."""
    path = workspace.roster_file
    try:
        body = read_json(path)
        return tuple(_entry(each) for each in body["names"])
    except FileNotFoundError:
        return ()
    except (KeyError, TypeError, AttributeError, NameInvalid) as error:
        raise DataError("The roster is damaged", str(path), Remedy.ROSTER) from error


def rows(workspace: Workspace) -> tuple[RosterRow, ...]:
    """The roster in its order, each name with whether it is done."""
    pictures = {name_key(person.name): person.pictures for person in People(workspace).list()}
    return tuple(
        replace(each, pictures=pictures.get(name_key(each.name), 0)) for each in entries(workspace)
    )


def add(workspace: Workspace, source: Path) -> Added:
    """Add the names of a CSV file or folder; the caller holds the writer lock. Raises UsageError if
    there is no such file or folder, it cannot be read, or has no names."""
    before = list(entries(workspace))
    known = {name_key(entry.name) for entry in before}
    people, unread = People(workspace).everybody()
    enrolled = {name_key(p.name): p.name for p in people if p.pictures}
    new: list[RosterRow] = []
    notes = [each.sentence for each in unread]
    for text, consent in read_names(source):
        try:
            name = clean_name(_plain(text))
        except NameInvalid as error:
            notes.append(f"Left out {_plain(text)[:60]!r}: {error}")
            continue
        key = name_key(name)
        if key in enrolled:
            notes.append(f"{name} is enrolled already, as {enrolled[key]}")
        elif key in known:
            notes.append(f"{name} is on the roster already")
        elif len(before) + len(new) >= MOST:
            notes.append(f"{name} is too many: a roster holds {MOST} names")
        else:
            new.append(RosterRow(name, _consent(consent)))
        known.add(key)
    _write(workspace, (*before, *new))
    return Added(tuple(entry.name for entry in new), tuple(notes))


def clear(workspace: Workspace) -> int:
    """Forget the roster; how many names it had. Nobody who is enrolled is touched."""
    path = workspace.roster_file
    try:
        count = len(entries(workspace))
    except DataError:
        count = 0
    remove_file(path)
    return count


def forget(workspace: Workspace, names: Sequence[str]) -> int:
    """Take names off the roster; how many there were. A damaged roster stays: the caller searches
    it. Raises DiskFull, WorkspaceUnusable."""
    keys = set(map(name_key, names))
    try:
        before = entries(workspace)
    except FacedeskError:
        return 0
    kept = [entry for entry in before if name_key(entry.name) not in keys]
    if len(kept) < len(before):
        _write(workspace, kept)
    return len(before) - len(kept)


def consent_for(workspace: Workspace, name: str) -> Consent | None:
    """The consent that the roster notes for a name, if any; the roster knows no time."""
    key = name_key(name)
    found = (entry.consent for entry in entries(workspace) if name_key(entry.name) == key)
    noted = next(found, None)
    return Consent(by=f"roster: {noted}") if noted else None


def forget_consent(workspace: Workspace, name: str) -> None:
    """A name's consent was taken back: what was noted here before counts no more. The caller holds
    the writer lock. A damaged roster stays: it notes nobody's consent. Raises DiskFull,
    WorkspaceUnusable."""
    try:
        before, key = entries(workspace), name_key(name)
    except DataError as error:
        if type(error) is not DataError:
            raise
        return
    after = [replace(e, consent=None) if name_key(e.name) == key else e for e in before]
    if after != [*before]:
        _write(workspace, after)


def _write(workspace: Workspace, names: Iterable[RosterRow]) -> None:
    body = [{"name": each.name, "consent": each.consent} for each in names]
    write_json(workspace.roster_file, {"version": 1, "names": body})


def read_names(source: Path) -> Iterator[tuple[str, str]]:
    """Pairs of name and consent as they stand in a CSV file or folder. Raises UsageError."""
    source = source.expanduser()
    try:
        if source.is_dir():
            return iter([(name, "") for name in _folder_names(source)])
        with open_regular(source) as file:  # a pipe would hang, a device never end
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise _unusable(source, f"it is larger than {LARGEST >> 20} MiB")
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise _unusable(source, "there is no such file or folder") from None
    except UnicodeDecodeError:
        raise _unusable(source, "it is not UTF-8 text") from None
    except OSError as error:
        raise _unusable(source, error.strerror or "it cannot be read") from error
    try:
        return iter(_csv_names(text))
    except csv.Error as error:
        raise _unusable(source, str(error)) from error


def _csv_names(text: str) -> list[tuple[str, str]]:
    """Name and consent columns by the header; without one, the first column."""
    try:
        dialect: Any = csv.Sniffer().sniff(text[:8192], ",;\t|")
    except csv.Error:  # one column has no delimiter to find
        dialect = csv.excel
    rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(map(str.strip, row))]
    if not rows:
        return []
    header = [_plain(cell).casefold() for cell in rows[0]]
    name = _column(header, NAME_COLUMNS)
    consent = _column(header, CONSENT_COLUMNS) if name is not None else None
    found = []
    for row in rows[1:] if name is not None else rows:
        place = name or 0
        if place < len(row):
            noted = row[consent] if consent is not None and consent < len(row) else ""
            found.append((row[place], noted))
    return found


def _column(header: list[str], wanted: frozenset[str]) -> int | None:
    return next((place for place, cell in enumerate(header) if cell in wanted), None)


def _folder_names(folder: Path) -> Iterable[str]:
    """Names of the sub-folders, or of the files where there are none; `_` stands for a blank."""
    shown = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    folders = [path.name for path in shown if os.path.isdir(path)]
    return [name.replace("_", " ") for name in folders or [path.stem for path in shown]]


def _plain(text: str) -> str:
    """Text without control characters, and without what makes it a formula or prevents that."""
    kept = "".join(c if unicodedata.category(c) != "Cc" else " " for c in text)
    return unguarded(kept.strip()).strip()


def _consent(text: str) -> str | None:
    """What a cell says of consent; None if it says that there is none."""
    plain = _plain(text)
    return None if plain.casefold() in NO else plain


def _entry(body: Any) -> RosterRow:
    consent = body.get("consent")
    return RosterRow(clean_name(body["name"]), str(consent) if consent else None)


def _unusable(source: Path, why: str) -> UsageError:
    return UsageError(
        "No names could be read",
        f"{source}: {why}",
        "Give a CSV file with a column `name`, or a folder with one sub-folder a person.",
    )

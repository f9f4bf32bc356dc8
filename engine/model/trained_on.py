"""What a model was trained on, kept in it, so that nobody judges it on those very pictures.

`details["trained_on"]` of a model is {identity: {session: "1-28,35-40"}}: numbers of picture files.
It lists what the figures are not measured on; `details["enrolled_on"]` lists all that the centres
in use are made of.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

from engine.dataset.split import PARTS, Split

Record = Mapping[str, Mapping[str, str]]
"""Identity to session to numbers of pictures."""

_NUMBERED = re.compile(r"([0-9]{4,6})\.png")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_ODD = "="
"""Begins a file name that is no number; it cannot begin a range."""


def pictures_of(
    split: Split, names: Sequence[str], ids: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """The parts `names` of `split` as a record; `ids` maps its folders to whose they are."""
    record: dict[str, dict[str, str]] = {}
    for slug, parts in split.people.items():
        sessions: dict[str, list[str]] = {}
        named: Mapping[str, Sequence[str]] = {str(part): own for part, own in parts.items()}
        for picture in (each for name in names for each in named[name]):
            session, _unused, file = picture.partition("/")
            sessions.setdefault(session, []).append(file)
        record[ids[slug]] = {session: encode(files) for session, files in sessions.items()}
    return record


def contains(record: Record, id: str, session: str, file: str) -> bool:
    """Whether this picture is in the record. Raises ValueError for a damaged record."""
    return file in decode(record.get(id, {}).get(session, ""))


def encode(files: Iterable[str]) -> str:
    """File names as ranges of their numbers, others as they are: `1-28,35,=odd%2C1.png`.

    Order and repetitions are lost; `decode` gives back the same set, whatever the names.
    """
    numbers: set[int] = set()
    odd: set[str] = set()
    for file in files:
        found = _NUMBERED.fullmatch(file)
        if found and _name(int(found[1])) == file:
            numbers.add(int(found[1]))
        else:
            odd.add(file)
    ranges = [f"{a}" if a == b else f"{a}-{b}" for a, b in _runs(sorted(numbers))]
    return ",".join(
        ranges + [_ODD + quote(file, safe="", errors="surrogatepass") for file in sorted(odd)]
    )


@lru_cache(maxsize=4096)
def decode(text: str) -> frozenset[str]:
    """The file names that `encode` was given. Raises ValueError if `text` is none of its."""
    files: set[str] = set()
    for part in filter(None, text.split(",")):
        if part.startswith(_ODD):
            files.add(unquote(part[1:], errors="surrogatepass"))
            continue
        found = _RANGE.fullmatch(part)
        if not found:
            raise ValueError(f"{part!r} is no range of pictures")
        first, last = int(found[1]), int(found[2] or found[1])
        files.update(map(_name, range(first, last + 1)))
    return frozenset(files)


def split_digest(split: Split) -> str:
    """SHA-256 of which picture is in which part, whatever the order of people."""
    parts = {slug: {part: list(own[part]) for part in PARTS} for slug, own in split.people.items()}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _name(number: int) -> str:
    return f"{number:04d}.png"


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours in sorted `numbers`."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs

"""Who a person is: a random identity, given when they are enrolled and kept for good.

    person.json    {..., "id": "5f0c…", "merged": ["91be…"]}

A folder's name (slug) is free again once a person is gone, and a name may be another human's: both
prove nothing. Labels of models, changes in the trash, sightings, choices, and subjects of the audit
go by the identity. `merged` are the identities of people who were made one with this person: what
is theirs is this person's.

A person.json from before there were identities has none until the first writer brings the
workspace up to date. Until then `before(slug)` stands for it, which no file is ever given.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.files import read_json, write_json

PERSON_FILE = "person.json"
NOBODY_KNOWN = "?"
"""Stands for an identity that nobody can tell any more: it is nobody's."""

_IDENTITY = re.compile(r"[0-9a-f]{16}")
_BEFORE = re.compile(r"\?[a-z0-9-]{1,48}")


def new_identity() -> str:
    """A random identity: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def is_identity(value: object) -> bool:
    """Whether this is one that `new_identity` could have made."""
    return isinstance(value, str) and _IDENTITY.fullmatch(value) is not None


def before(slug: str) -> str:
    """What stands for the identity of somebody in `slug` who has none yet."""
    return f"{NOBODY_KNOWN}{slug}"


def is_before(value: object) -> bool:
    """Whether this is one that `before` made."""
    return isinstance(value, str) and _BEFORE.fullmatch(value) is not None


def identity_in(body: Any, slug: str) -> str:
    """The identity in the contents of a person.json; see `before` where it has none."""
    found = body.get("id") if isinstance(body, dict) else None
    return str(found) if is_identity(found) else before(slug)


def merged_in(body: Any) -> tuple[str, ...]:
    """The identities that were merged into the person, from the contents of a person.json."""
    found = body.get("merged") if isinstance(body, dict) else None
    return tuple(filter(is_identity, found)) if isinstance(found, list) else ()


def identity_at(folder: Path) -> str:
    """The identity of the person whose folder this is, empty if it is nobody's or damaged."""
    try:
        return identity_in(read_json(folder / PERSON_FILE), folder.name)
    except (FileNotFoundError, DataError):
        return ""


def join(folder: Path, ids: Iterable[str]) -> None:
    """Note that these identities are the person's too. Doing it twice is no mistake.

    Raises DiskFull, WorkspaceUnusable.
    """
    _set_merged(folder, lambda now: tuple(dict.fromkeys((*now, *ids))))


def part(folder: Path, ids: Iterable[str]) -> None:
    """The reverse of `join`. Raises DiskFull, WorkspaceUnusable."""
    gone = frozenset(ids)
    _set_merged(folder, lambda now: tuple(each for each in now if each not in gone))


def _set_merged(folder: Path, change: Any) -> None:
    try:
        body = read_json(folder / PERSON_FILE)
    except (FileNotFoundError, DataError):
        return  # gone, or damaged: nothing to note it in
    if not isinstance(body, dict):
        return
    now = merged_in(body)
    if (after := change(now)) != now:
        others = {key: value for key, value in body.items() if key != "merged"}
        write_json(folder / PERSON_FILE, {**others, **({"merged": list(after)} if after else {})})

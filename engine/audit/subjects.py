"""Pseudonyms: how the log names a person, and how they cease to be anybody's.

Each person has a random key of 32 bytes in `audit/keys.json`, by identity
(`people/5f0c2d9a81b3e674`). The log holds HMAC-SHA256(key, that) cut to 64 bits. What was noted
before there were identities went by folder: such a key is kept as {"key": ..., "as":
"people/ada-lovelace"}, so that its pseudonym stays the same, or under the folder alone where nobody
can tell whose it is. While the key is there the entries can be
found for that person; once it is destroyed nobody can compute the pseudonym again, by guessing
names neither, and the chain stays whole.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

from engine.errors import DataError
from engine.files import read_json, write_json

PREFIX = "p-"


class Subjects:
    """The keys of one workspace. Whoever may make or destroy one holds the log's lock."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pseudonym(self, subject: str) -> str:
        """The pseudonym of a subject, who gets a key if there is none yet.

        Raises DataError for a damaged key file, DiskFull, WorkspaceUnusable.
        """
        keys = self._keys()
        if subject not in keys:
            keys[subject] = secrets.token_hex(32)
            write_json(self._file, keys)
        return _name(subject, keys[subject])

    def known(self) -> Mapping[str, str]:
        """Pseudonym to subject, of all that have a key."""
        return {_name(subject, key): subject for subject, key in self._keys().items()}

    def forget(self, subject: str) -> str | None:
        """Destroy a subject's key; the pseudonym that was theirs, None if they had none."""
        keys = self._keys()
        key = keys.pop(subject, None)
        if key is None:
            return None
        write_json(self._file, keys)
        return _name(subject, key)

    def _keys(self) -> dict[str, str | dict[str, str]]:
        try:
            body = read_json(self._file)
        except FileNotFoundError:
            return {}
        if not isinstance(body, dict) or not all(map(_is_key, body.values())):
            raise DataError(
                "The audit log's key file is damaged",
                str(self._file),
                "Restore it from a backup, or move it away: older entries lose their names.",
            )
        return dict(body)


def _is_key(value: object) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("key"), str) and isinstance(value.get("as"), str)
    return isinstance(value, str)


def _name(subject: str, key: str | dict[str, str]) -> str:
    return _pseudonym(subject, key) if isinstance(key, str) else _pseudonym(key["as"], key["key"])


def _pseudonym(subject: str, key: str) -> str:
    return PREFIX + hmac.new(key.encode(), subject.encode(), "sha256").hexdigest()[:16]

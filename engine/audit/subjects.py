"""Pseudonyms: how the log names a person, and how they cease to be anybody's.

Each person has a random key of 32 bytes in `audit/keys.json`, by folder (`people/ada-lovelace`).
The log holds HMAC-SHA256(key, folder) cut to 64 bits. While the key is there the entries can be
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
from engine.i18n import _

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
        return _pseudonym(subject, keys[subject])

    def known(self) -> Mapping[str, str]:
        """Pseudonym to subject, of all that have a key."""
        return {_pseudonym(subject, key): subject for subject, key in self._keys().items()}

    def forget(self, subject: str) -> str | None:
        """Destroy a subject's key; the pseudonym that was theirs, None if they had none."""
        keys = self._keys()
        key = keys.pop(subject, None)
        if key is None:
            return None
        write_json(self._file, keys)
        return _pseudonym(subject, key)

    def _keys(self) -> dict[str, str]:
        try:
            body = read_json(self._file)
        except FileNotFoundError:
            return {}
        if not isinstance(body, dict) or not all(isinstance(key, str) for key in body.values()):
            raise DataError(
                _("The audit log's key file is damaged"),
                str(self._file),
                _("Restore it from a backup, or move it away: older entries lose their names."),
            )
        return dict(body)


def _pseudonym(subject: str, key: str) -> str:
    return PREFIX + hmac.new(key.encode(), subject.encode(), "sha256").hexdigest()[:16]

"""The chain: entries as lines, each sealed by a hash over the one before it, and its check.

The hash of an entry is SHA-256 over its own line without `hash`, written as canonical JSON
(sorted keys, no spaces, UTF-8; RFC 8785 for the kinds of values that occur here). The line holds
the hash of the entry before as `prev`, so that one entry fixes all before it. Whoever can write
the file can also make a whole new chain: only a hash noted elsewhere (`facedesk audit head`)
shows that.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.i18n import _

START = "0" * 64
"""`prev` of the first entry."""

Fault = Literal["changed", "removed", "inserted", "reordered", "truncated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `subject` is a pseudonym or empty; `details` hold no name of a person."""

    number: int
    at: str
    by: Mapping[str, Any]
    action: str
    subject: str
    details: Mapping[str, Any]
    prev: str
    hash: str

    def line(self) -> bytes:
        """The entry as it stands in the file, without the line's end."""
        return canonical({**self.body(), "hash": self.hash})

    def body(self) -> dict[str, Any]:
        """What the hash is over."""
        return {
            "number": self.number,
            "at": self.at,
            "by": dict(self.by),
            "action": self.action,
            "subject": self.subject,
            "details": dict(self.details),
            "prev": self.prev,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The chain's end as kept beside the log: how many entries, the last hash, the log's size."""

    count: int
    hash: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the check found. `fault` None: whole. `bad`: number of the first entry that is not as
    it should be, or that is missing; `why`: in words. `remarks`: what a whole log says of itself
    that an auditor should look at."""

    entries: int
    hash: str
    fault: Fault | None = None
    bad: int = 0
    why: str = ""
    remarks: tuple[str, ...] = ()


def canonical(value: Mapping[str, Any]) -> bytes:
    """`value` as canonical JSON. Raises ValueError for NaN and infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8", "backslashreplace")


def sealed(
    *,
    number: int,
    at: str,
    by: Mapping[str, Any],
    action: str,
    subject: str,
    details: Mapping[str, Any],
    prev: str,
) -> Entry:
    """An entry with its hash. Values of `details` that JSON lacks become None."""
    entry = Entry(
        number=number,
        at=at,
        by=by,
        action=action,
        subject=subject,
        details=plain(details),
        prev=prev,
        hash="",
    )
    digest = hashlib.sha256(canonical(entry.body())).hexdigest()
    return Entry(**entry.body(), hash=digest)


def plain(value: Any) -> Any:
    """`value` of nothing but what canonical JSON has."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def parsed(line: bytes) -> Entry | None:
    """The entry of a line; None if it is none, whatever is wrong with it."""
    try:
        body = json.loads(line)
        entry = Entry(**body)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (entry.at, entry.action, entry.subject, entry.prev, entry.hash)
    whole = (
        type(entry.number) is int
        and all(isinstance(text, str) for text in texts)
        and isinstance(entry.by, dict)
        and isinstance(entry.details, dict)
    )
    return entry if whole else None


def intact(entry: Entry) -> bool:
    """Whether the entry's hash is that of its content."""
    try:
        return hashlib.sha256(canonical(entry.body())).hexdigest() == entry.hash
    except ValueError:
        return False


def examine(lines: Sequence[bytes], head: Head | None) -> Verdict:
    """Check a whole log against itself and against its head."""
    entries = [parsed(line) for line in lines]
    prev = START
    for index, (line, entry) in enumerate(zip(lines, entries, strict=True)):
        expected = index + 1
        if entry is None or not intact(entry) or entry.line() != line:
            return _broken(expected, prev, "changed", _("its content does not match its hash"))
        if entry.number > expected and expected in {e.number for e in entries[index:] if e}:
            return _broken(expected, prev, "reordered", _("it stands further down"))
        if entry.number > expected:
            return _broken(expected, prev, "removed", _("it is missing"))
        if entry.number < expected:
            return _broken(entry.number, prev, "inserted", _("there are two of this number"))
        if entry.prev != prev:
            # Whole in itself but not what the next one was chained to: written anew later.
            return _broken(max(1, expected - 1), prev, "changed", _("the next is of another"))
        prev = entry.hash
    found = _against_head(len(lines), prev, head)
    return replace(found, remarks=tuple(_remarks(entry for entry in entries if entry)))


def _remarks(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.action == "log-recovered" and entry.details.get("head_lost"):
            yield _(
                "entry {number}: the head file was lost then; entries just before it may be missing"
            ).format(number=entry.number)
        elif entry.action == "log-recovered":
            yield _("entry {number}: a torn line was removed, as a power cut leaves one").format(
                number=entry.number
            )


def _against_head(count: int, last: str, head: Head | None) -> Verdict:
    if head is None:
        if count == 0:
            return Verdict(entries=0, hash=START)
        why = _("the head file is gone: nobody can say whether later entries were cut off")
        return Verdict(entries=count, hash=last, fault="truncated", bad=count + 1, why=why)
    if count < head.count:
        why = _("the head file counts {count} entries").format(count=head.count)
        return Verdict(entries=count, hash=last, fault="truncated", bad=count + 1, why=why)
    if count == head.count and last != head.hash:
        why = _("the head file has another hash for it")
        return Verdict(entries=count, hash=last, fault="changed", bad=count, why=why)
    return Verdict(entries=count, hash=last)


def _broken(number: int, last: str, fault: Fault, why: str) -> Verdict:
    return Verdict(entries=number - 1, hash=last, fault=fault, bad=number, why=why)

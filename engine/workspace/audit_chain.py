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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from engine.text import plain

START = "0" * 64
"""`prev` of the first entry."""

BACK = timedelta(hours=1)
"""Corrections of the clock up to this are no going back."""

Fault = Literal["changed", "removed", "inserted", "reordered", "truncated", "backdated", "unlinked"]


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
        return {each.name: getattr(self, each.name) for each in fields(self)[:-1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What was begun and has no end in the log yet: the number of its entry, the action, and the
    process that does it (`engine.workspace.audit_words.this_process`)."""

    number: int
    action: str
    subject: str
    process: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The chain's end as kept beside the log: how many entries, the last hash and time, the log's
    size, and what is under way. `at` is empty in a head of an older version."""

    count: int
    hash: str
    size: int
    at: str = ""
    open: tuple[Begun, ...] = ()

    def after(self, entry: Entry) -> Head:
        """The head once `entry` is the last one; its size is not known yet."""
        under_way = self.open
        if (begun := begun_by(entry)) is not None:
            under_way = (*under_way, begun)
        elif "began" in entry.details:
            ended = entry.details["began"]
            under_way = tuple(each for each in under_way if each.number != ended)
        return Head(count=entry.number, hash=entry.hash, size=0, at=entry.at, open=under_way)

    def caught_up(self, entries: Iterable[Entry | None]) -> Head:
        """The head after the entries of the log that go on from it; None is a damaged line."""
        head = self
        for entry in entries:
            if entry is None or not intact(entry):
                continue
            if (entry.number, entry.prev) == (head.count + 1, head.hash):
                head = head.after(entry)  # Written, but the power went before its head was.
            elif not head.at and entry.number <= head.count and moment(entry) is not None:
                # An older version's head: time and what is under way are in the entries.
                then = head.after(entry)
                at = then.at if entry.number == head.count else ""
                head = replace(head, at=at, open=then.open)
        return head

    @classmethod
    def from_json(cls, body: Any) -> Head:
        """The head in head.json. Raises KeyError, TypeError or ValueError if it is
        damaged."""
        return cls(
            count=int(body["count"]),
            hash=str(body["hash"]),
            size=int(body["size"]),
            at=str(body.get("at", "")),
            open=tuple(Begun(**each) for each in body.get("open", ())),
        )


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


def sealed(**body: Any) -> Entry:
    """An entry of this `Entry.body`, with its hash. What JSON lacks in `details` becomes None."""
    entry = Entry(**{**body, "details": storable(body["details"])}, hash="")
    return replace(entry, hash=_digest(entry))


def storable(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details with nothing but what canonical JSON has."""
    whole: dict[str, Any] = plain(
        details, lambda each: each if isinstance(each, bool | int | str | None) else str(each)
    )
    return whole


def parsed(line: bytes) -> Entry | None:
    """The entry of a line; None if it is none, whatever is wrong with it."""
    try:
        body = json.loads(line)
        entry = Entry(**body)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (entry.at, entry.action, entry.subject, entry.prev, entry.hash)
    mappings = isinstance(entry.by, dict) and isinstance(entry.details, dict)
    whole = mappings and all(isinstance(text, str) for text in texts)
    return entry if whole and type(entry.number) is int else None


def intact(entry: Entry) -> bool:
    """Whether the entry's hash is that of its content."""
    try:
        return _digest(entry) == entry.hash
    except ValueError:
        return False


def _digest(entry: Entry) -> str:
    return hashlib.sha256(canonical(entry.body())).hexdigest()


def begun_by(entry: Entry) -> Begun | None:
    """What an entry says was begun; None for every other entry."""
    if entry.action != "began":
        return None
    rest = dict(entry.details)
    return Begun(
        number=entry.number,
        action=str(rest.pop("of", "")),
        subject=entry.subject,
        process=str(rest.pop("process", "")),
        details=rest,
    )


def moment(of: Entry | Head) -> datetime | None:
    """The time of an entry or of the last one, None if it has none."""
    try:
        return datetime.fromisoformat(of.at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def examine(
    lines: Sequence[bytes], head: Head | None, *, log: str, keys: Collection[str]
) -> Verdict:
    """Check a whole log against itself, its head, and what the workspace knows of it. `log` is the
    id of the workspace's first log, empty where nobody noted it; `keys` the pseudonyms that still
    have a key."""
    entries = [parsed(line) for line in lines]
    prev = START
    for index, (line, entry) in enumerate(zip(lines, entries, strict=True)):
        expected = index + 1
        if entry is None or not intact(entry) or entry.line() != line:
            return _broken(expected, prev, "changed", "its content does not match its hash")
        if entry.number > expected and expected in {e.number for e in entries[index:] if e}:
            return _broken(expected, prev, "reordered", "it stands further down")
        if entry.number > expected:
            return _broken(expected, prev, "removed", "it is missing")
        if entry.number < expected:
            return _broken(entry.number, prev, "inserted", "there are two of this number")
        if entry.prev != prev:
            # Whole in itself but not what the next one was chained to: written anew later.
            return _broken(max(1, expected - 1), prev, "changed", "the next is of another")
        prev = entry.hash
    whole = [entry for entry in entries if entry]
    found = (
        _against_head(whole, head)
        or _against_witness(whole, log)
        or _against_time(whole)
        or _against_keys(whole, keys)
        or Verdict(entries=len(whole), hash=prev)
    )
    return replace(found, remarks=tuple(_remarks(whole, head)))


def _remarks(entries: Sequence[Entry], head: Head | None) -> Iterator[str]:
    if head is not None and len(entries) > head.count:
        yield (
            f"entry {head.count + 1} and later: the head file does not know them yet, "
            "as after a crash"
        )
    ended = {entry.details.get("began") for entry in entries if entry.action != "began"}
    for entry in entries:
        remark = ""
        if entry.action == "clock-set-back":
            remark = "the clock was set back then"
        elif entry.action == "began" and entry.number not in ended:
            remark = f"{entry.details.get('of', '')} began, and its end is not noted"
        elif entry.action == "log-recovered" and entry.details.get("head_lost"):
            remark = "the head file was lost then; entries just before it may be missing"
        elif entry.action == "log-recovered":
            remark = "a torn line was removed, as a power cut leaves one"
        if remark:
            yield f"entry {entry.number}: {remark}"


def _against_head(entries: Sequence[Entry], head: Head | None) -> Verdict | None:
    count, last = len(entries), entries[-1].hash if entries else START
    if head is None:
        if count == 0:
            return None
        why = "the head file is gone: nobody can say whether later entries were cut off"
        return _broken(count + 1, last, "truncated", why)
    if count < head.count:
        why = f"the head file counts {head.count} entries"
        return _broken(count + 1, last, "truncated", why)
    # Also where the log is longer: a forged one may go on behind what the head counts.
    there = entries[head.count - 1].hash if head.count else START
    if there != head.hash:
        why = "the head file has another hash for it"
        return _broken(max(1, head.count), last, "changed", why)
    return None


def _against_witness(entries: Sequence[Entry], log: str) -> Verdict | None:
    """A log that is gone, or is not the workspace's first one."""
    if not log or (entries and entries[0].details.get("log") == log):
        return None
    why = "the workspace had an audit log, and it is gone"
    if entries:
        why = "the workspace's first log was another one, and it is gone"
    return _broken(1, START, "removed", why)


def _against_time(entries: Sequence[Entry]) -> Verdict | None:
    """An entry of an earlier time than one before it, without a word that the clock went back."""
    latest: datetime | None = None
    for entry in entries:
        at = moment(entry)
        if at is None:
            return _broken(entry.number, entry.prev, "changed", "it has no time")
        if latest is None or entry.action == "clock-set-back":
            latest = at
        elif at < latest - BACK:
            why = f"it is of {entry.at[:16]}, and one before it of {latest.isoformat()[:16]}"
            return _broken(entry.number, entry.prev, "backdated", why)
        latest = max(latest, at)
    return None


def _against_keys(entries: Sequence[Entry], keys: Collection[str]) -> Verdict | None:
    """A subject whose key is gone, though no entry says that it was destroyed."""
    told = {entry.subject for entry in entries if entry.action == "pseudonymised"}
    for entry in entries:
        if entry.subject and entry.subject not in keys and entry.subject not in told:
            why = "the key that says whom it is about is gone, and nobody was erased"
            return _broken(entry.number, entry.prev, "unlinked", why)
    return None


def _broken(number: int, last: str, fault: Fault, why: str) -> Verdict:
    return Verdict(entries=number - 1, hash=last, fault=fault, bad=number, why=why)

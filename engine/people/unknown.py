"""The unknown list: strangers seen while recognising, kept for the operator to say who they are.

    unknown/inbox.json                   the switch: on or off, since when
    unknown/<sighting>/0001.png ...      crops of one track
                      /features.npz      their features and embeddings
                      /sighting.json     where, when, who was nearest; each crop's details
    unknown/choices.json                 {"version": 1, "choices": [choice, ...]}, the newest last

A sighting appears in one rename. It is off by default, bounded in number, and what is older than
the retention time is removed for good: at the start, and whenever one is added. Reading needs no
lock; whoever changes something holds `Workspace.writer`.

A choice that moved pictures bears the id of its change in the trash; `slug` says into whose folder
they went, `person` whom it is about: who they became, or for a stranger from whom they were told.
A split moved nothing: it is the two sides that are not one person, kept as "apart". A damaged file
or entry counts as none; in format 0 the file is the list alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.contract import Sighted
from engine.contract.errors import DataError, Remedy, WorkspaceDenied
from engine.people.clock import read_clock
from engine.people.picture_records import PictureRecord, record_of
from engine.settings import UnknownSettings
from engine.workspace.audit import Audit
from engine.workspace.files import (
    finite,
    new_directory,
    read_json,
    remove_directory,
    write_bytes,
    write_json,
)
from engine.workspace.folder import Workspace
from engine.workspace.identity import free_id, is_session_id, iso, picture_names, sub_folders

SIGHTING_FILE = "sighting.json"
FEATURES_FILE = "features.npz"
FORMAT = 1


def _digest(value: Any) -> str:
    """A digest that may become a folder's name."""
    text = str(value)
    if not is_session_id(text):
        raise ValueError("a digest is none")
    return text


SEEN: Mapping[str, Callable[[Any], Any]] = {
    "source": str,
    "candidate": str,
    "candidate_id": str,
    "score": finite,
    "threshold": finite,
    "extractor": _digest,
    "space": str,
    "run": str,
    "track": int,
    "beside": lambda tracks: tuple(map(int, tracks)),
}
"""What of a `Sighted` is kept as it is, and how it is read again."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track of a stranger. `candidate` is the enrolled person nearest, with the best score;
    `candidate_id` who that is for good, empty where it was not noted. `at` is ISO 8601 in UTC;
    `records` tell of each crop. `extractor` and `space` are the digests of what made the features
    and embeddings; `run`, `track` and `beside` are as in `Sighted`."""

    id: str
    at: str
    source: str
    candidate: str
    score: float
    threshold: float
    extractor: str
    space: str
    records: tuple[PictureRecord, ...]
    run: str = ""
    track: int = 0
    beside: tuple[int, ...] = ()
    candidate_id: str = ""

    def was_beside(self, other: Sighting) -> bool:
        """Whether one frame showed both, as two faces."""
        if not self.run or self.run != other.run:
            return False
        return self.track in other.beside or other.track in self.beside


class UnknownStore:
    """The unknown list of one workspace. Keeps nothing in memory: every call reads the folders."""

    def __init__(self, workspace: Workspace, settings: UnknownSettings) -> None:
        self._workspace = workspace
        self._folder = workspace.unknown
        self._audit = Audit(workspace)
        self._settings = settings

    # --- the switch ----------------------------------------------------------------------

    @property
    def keeping(self) -> bool:
        """Whether strangers are kept: as the workspace's switch says, else as configured. Not where
        this user may not read the switch: it may be off."""
        body = None
        try:
            body = read_json(self._switch)
        except WorkspaceDenied:
            return False
        except (FileNotFoundError, DataError):
            pass
        if isinstance(body, dict) and isinstance(body.get("keep"), bool):
            return bool(body["keep"])
        return self._settings.keep

    def switch(self, on: bool) -> None:
        """Keep strangers from now on, or keep none any more; those kept already stay."""
        with self._audit.of("inbox-switched", keep=on):
            since = iso(datetime.now(UTC))
            write_json(self._switch, {"version": FORMAT, "keep": on, "since": since})

    @property
    def _switch(self) -> Path:
        return self._folder / "inbox.json"

    # --- sightings -----------------------------------------------------------------------

    def sightings(self) -> tuple[Sighting, ...]:
        """All that wait and can be read, oldest first; the others are `unread`."""
        return self._everything()[0]

    def unread(self) -> tuple[DataError, ...]:
        """Why sightings that are here cannot be read: damaged, or another user's."""
        return self._everything()[1]

    def _everything(self) -> tuple[tuple[Sighting, ...], tuple[DataError, ...]]:
        found, unread = [], []
        for id in self._ids():
            try:
                found.append(self._read(id))
            except FileNotFoundError as error:
                if self.folder(id).is_dir():  # else it was dealt with meanwhile
                    unread.append(_damaged(self.folder(id), error.strerror or ""))
            except DataError as error:
                unread.append(error)
        return tuple(found), tuple(unread)

    def count(self) -> int:
        """How many wait; reads no file."""
        return len(self._ids())

    def get(self, ids: Sequence[str]) -> tuple[Sighting, ...]:
        """The sightings of these ids, in their order. Raises DataError if one is gone."""
        found = []
        for id in ids:
            try:
                found.append(self._read(id))
            except FileNotFoundError as error:
                raise _gone(id) from error
        return tuple(found)

    def folder(self, id: str) -> Path:
        """Where a sighting's files lie. Raises DataError for a text that is no sighting's id."""
        if not is_session_id(id):
            raise _gone(id)
        return self._folder / id

    def add(self, sighted: Sighted, now: datetime | None = None) -> str:
        """Keep a sighting; purges, and drops the oldest beyond the bound. Returns its id. Raises
        ValueError for an event that does not fit itself, DiskFull, WorkspaceUnusable."""
        pictures, features = sighted.parts()
        moment = now or datetime.now(UTC)
        self.purge(now)
        for id in self._ids()[: max(0, self.count() - self._settings.most + 1)]:
            remove_directory(self.folder(id))
        target = self._folder / free_id(moment, lambda id: (self._folder / id).exists())
        shots = enumerate(sighted.shots, 1)
        records = [
            PictureRecord(
                file=f"{place:04d}.png",
                frame=frame,
                seconds=seconds,
                box=box,
                eyes_found=eyes,
                brightness=brightness,
                sharpness=sharpness,
                aligned=sighted.aligned,
            )
            for place, (frame, seconds, box, eyes, brightness, sharpness) in shots
        ]
        body = {"version": FORMAT, "at": iso(moment)}
        body |= {name: getattr(sighted, name) for name in SEEN}
        body["pictures"] = [asdict(record) for record in records]
        with new_directory(target) as unfinished:
            for record, png in zip(records, pictures, strict=True):
                write_bytes(unfinished / record.file, png)
            write_bytes(unfinished / FEATURES_FILE, features)
            write_json(unfinished / SIGHTING_FILE, body)
        return target.name

    def renew(self, id: str, features: bytes, extractor: str, space: str) -> None:
        """Put other features in place of a sighting's, with the digests of what made them. Its
        pictures stay. Raises FileNotFoundError if it is gone, DataError, DiskFull."""
        folder = self.folder(id)
        body = read_json(folder / SIGHTING_FILE)
        # Digests last: cut short between the two, the features are made once more.
        write_bytes(folder / FEATURES_FILE, features)
        write_json(folder / SIGHTING_FILE, {**body, "extractor": extractor, "space": space})

    def purge(self, now: datetime | None = None, *, everything: bool = False) -> int:
        """Remove for good what is older than the retention time, or all; how many sightings."""
        expired = self._ids() if everything else self.expired(now)
        for id in expired:
            remove_directory(self.folder(id))
        return len(expired)

    def expired(self, now: datetime | None = None) -> list[str]:
        """Ids of those older than the retention time."""
        clock = read_clock(self._workspace, now)
        return [id for id in self._ids() if clock.is_due(id, self._settings.days)]

    def _ids(self) -> list[str]:
        """Ids of all, oldest first."""
        clock = read_clock(self._workspace)
        ids = [entry.name for entry in sub_folders(self._folder) if is_session_id(entry.name)]
        return sorted(ids, key=lambda id: (clock.made(id), id))

    def _read(self, id: str) -> Sighting:
        folder = self.folder(id)
        body = read_json(folder / SIGHTING_FILE)
        try:
            present = set(picture_names(folder))
            records = tuple(
                record for record in map(record_of, body["pictures"]) if record.file in present
            )
            if not records:
                raise ValueError("no picture is left")
            seen = {name: read(body[name]) for name, read in SEEN.items() if name in body}
            return Sighting(id=id, at=str(body["at"]), records=records, **seen)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _damaged(folder, str(error)) from error


def _damaged(folder: Path, why: str) -> DataError:
    return DataError(
        "A sighting is damaged",
        f"{folder / SIGHTING_FILE}: {why}",
        "Delete the folder; nothing else depends on it.",
    )


def _gone(id: str) -> DataError:
    return DataError("There is no such sighting", id[:80], Remedy.UNKNOWN)


Sides = tuple[tuple[str, ...], tuple[str, ...]]
"""Ids of sightings: nobody of the first side is the same person as anybody of the second."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice. `new`: the person, or with `stranger` the stranger, was made by it."""

    id: str
    slug: str = ""
    new: bool = False
    stranger: bool = False
    apart: Sides | None = None
    """Of a split its sides; else None."""
    person: str = ""
    """Identity of whom it is about, empty for nobody enrolled or where it is not known."""


class ChoiceMemory:
    """The choices of one workspace's unknown list that are remembered."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._file = workspace.unknown / "choices.json"

    def all(self) -> tuple[Choice, ...]:
        """Every choice, the newest last."""
        try:
            body = read_json(self._file)
        except (FileNotFoundError, DataError):
            return ()
        return tuple(_choices(body))

    def add(self, choice: Choice) -> None:
        """Remember one more. Raises DiskFull, WorkspaceUnusable."""
        self._keep([*self.all(), choice])

    def drop(self, ids: Collection[str]) -> None:
        """Remember these no longer. Raises DiskFull, WorkspaceUnusable."""
        self._keep(each for each in self.all() if each.id not in ids)

    def splits(self) -> tuple[Sides, ...]:
        """The sides of every split."""
        return tuple(each.apart for each in self.all() if each.apart is not None)

    def forget(self, ids: Collection[str]) -> int:
        """Remember nothing of the person of these identities, nor what the trash has no more; how
        many choices went. Splits stay: they name nobody. May be done twice. Raises DiskFull,
        WorkspaceUnusable."""
        before = self.all()
        trash = {entry.name for entry in sub_folders(self._workspace.trash)}
        kept = [
            each
            for each in before
            if each.apart is not None or (each.id in trash and each.person not in ids)
        ]
        if len(kept) < len(before):
            self._keep(kept)
        return len(before) - len(kept)

    def _keep(self, choices: Iterable[Choice]) -> None:
        write_json(self._file, {"version": FORMAT, "choices": [_entry(each) for each in choices]})


def _choices(body: Any) -> Iterator[Choice]:
    entries = body.get("choices") if isinstance(body, dict) else body
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and is_session_id(id := str(entry.get("id", ""))):
            apart = _sides(entry["apart"]) if "apart" in entry else None
            if apart is None and "apart" in entry:
                continue  # a split without its sides says nothing
            yield Choice(
                id=id,
                slug=str(entry.get("slug", "")),
                new=bool(entry.get("new")),
                stranger=bool(entry.get("stranger")),
                apart=apart,
                person=str(entry.get("person", "")),
            )


def _sides(value: Any) -> Sides | None:
    """The two sides of a split; None if it is none."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    if not all(isinstance(side, list) and side for side in value):
        return None
    first, second = (tuple(map(str, side)) for side in value)
    return (first, second) if all(map(is_session_id, (*first, *second))) else None


def _entry(choice: Choice) -> dict[str, Any]:
    moved = choice.apart is None
    found = asdict(choice).items()
    return {key: value for key, value in found if value or (key == "slug" and moved)}

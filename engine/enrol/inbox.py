"""The unknown inbox: strangers seen while recognising, kept for the operator to say who they are.

    unknown/inbox.json                   the switch: on or off, since when
    unknown/<sighting>/0001.png ...      crops of one track
                      /features.npz      their features and embeddings
                      /sighting.json     where, when, who was nearest; each crop's details
    unknown/choices.json                 choices made here, see `inbox_memory`

A sighting appears in one rename. It is off by default, bounded in number, and what is older than
the retention time is removed for good: at the start, and whenever one is added. Reading needs no
lock; whoever changes something holds `Workspace.writer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.audit import Audit
from engine.enrol.clock import read_clock
from engine.enrol.folders import is_session_id, iso, picture_names, session_stamp, sub_folders
from engine.enrol.recording import PictureRecord, record_of
from engine.errors import DataError, WorkspaceDenied
from engine.events import Sighted
from engine.files import new_directory, read_json, remove_directory, write_bytes, write_json
from engine.settings import InboxSettings
from engine.workspace import Workspace

SIGHTING_FILE = "sighting.json"
FEATURES_FILE = "features.npz"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track of a stranger. `candidate` is the enrolled person nearest, with the best score;
    `candidate_id` who that is for good, empty where it was not noted.

    `at` is ISO 8601 in UTC; `records` tell of each crop. `extractor` and `space` are the digests
    of what made the features and embeddings; `run`, `track` and `beside` are as in `Sighted`.
    """

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


class Inbox:
    """The inbox of one workspace. Keeps nothing in memory: every call reads the folders."""

    def __init__(self, workspace: Workspace, settings: InboxSettings) -> None:
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
        """Keep a sighting; purges, and drops the oldest beyond the bound. Returns its id.

        Raises ValueError for an event that does not fit itself, DiskFull, WorkspaceUnusable.
        """
        pictures, features = sighted.parts()
        moment = now or datetime.now(UTC)
        self.purge(now)
        for id in self._ids()[: max(0, self.count() - self._settings.most + 1)]:
            remove_directory(self.folder(id))
        number = 1
        while (target := self._folder / f"{session_stamp(moment)}-{number:03d}").exists():
            number += 1
        records = []
        with new_directory(target) as unfinished:
            shots = zip(pictures, sighted.shots, strict=True)
            for place, (png, (frame, seconds, box, eyes, brightness, sharpness)) in enumerate(
                shots
            ):
                file = f"{place + 1:04d}.png"
                write_bytes(unfinished / file, png)
                records.append(
                    PictureRecord(
                        file,
                        frame,
                        seconds,
                        box,
                        eyes,
                        brightness,
                        sharpness,
                        aligned=sighted.aligned,
                    )
                )
            write_bytes(unfinished / FEATURES_FILE, features)
            body = {
                "version": FORMAT,
                "at": iso(moment),
                "source": sighted.source,
                "candidate": sighted.candidate,
                "candidate_id": sighted.candidate_id,
                "score": sighted.score,
                "threshold": sighted.threshold,
                "extractor": sighted.extractor,
                "space": sighted.space,
                "run": sighted.run,
                "track": sighted.track,
                "beside": list(sighted.beside),
                "pictures": [asdict(record) for record in records],
            }
            write_json(unfinished / SIGHTING_FILE, body)
        return target.name

    def renew(self, id: str, features: bytes, extractor: str, space: str) -> None:
        """Put other features in place of a sighting's, with the digests of what made them.

        Its pictures stay. Raises FileNotFoundError if it is gone, DataError, DiskFull.
        """
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
            return Sighting(
                id=id,
                at=str(body["at"]),
                source=str(body["source"]),
                candidate=str(body["candidate"]),
                score=float(body["score"]),
                threshold=float(body["threshold"]),
                extractor=_digest(body["extractor"]),
                space=str(body["space"]),
                records=records,
                run=str(body.get("run", "")),
                track=int(body.get("track", 0)),
                beside=tuple(int(track) for track in body.get("beside", ())),
                candidate_id=str(body.get("candidate_id", "")),
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise _damaged(folder, str(error)) from error


def _digest(value: Any) -> str:
    """A digest that may become a folder's name."""
    text = str(value)
    if not is_session_id(text):
        raise ValueError("a digest is none")
    return text


def _damaged(folder: Path, why: str) -> DataError:
    return DataError(
        "A sighting is damaged",
        f"{folder / SIGHTING_FILE}: {why}",
        "Delete the folder; nothing else depends on it.",
    )


def _gone(id: str) -> DataError:
    return DataError(
        "This sighting is not in the inbox", id[:80], "See `facedesk unknown list`; u undoes."
    )

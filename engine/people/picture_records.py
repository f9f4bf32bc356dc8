"""Writing one session: pictures, a line of details for each, and how the session ended.

    people/<slug>/<session>/0001.png ...     whole or absent, never overwritten
                           /pictures.jsonl   one line a picture: frame, time, box, measurements
                           /session.json     source and start; target, end and refusals at the end

The details are appended, so that a session of n pictures costs n lines and not n rewrites of a
growing file. They are flushed to disk with the end of the session only: the picture files are
the truth, and a line that a crash cut short is skipped by `read_records`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.contract import BoxTuple
from engine.contract.errors import DataError, PersonNotFound
from engine.people import traces
from engine.people.person import FORMAT, Person
from engine.people.registry import People, utc_now
from engine.workspace.audit import Audit, Doing
from engine.workspace.audit_words import Action
from engine.workspace.files import (
    append_line,
    finite,
    move,
    parse_json,
    read_lines,
    read_object,
    sync_directory,
    sync_file,
    write_bytes,
    write_json,
)
from engine.workspace.identity import SESSION_FILE, picture_names
from engine.workspace.owner import translate_os_errors

RECORDS_FILE = "pictures.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecord:
    """Where a picture came from and what was measured. `frame` counts the source's frames from its
    start and `seconds` is the source's clock; `box` is in pixels of that frame; `brightness` is
    mean luma 0..255 and `sharpness` the variance of the Laplacian, both of the aligned crop.
    `label` is a photograph's file name, `others` counts its other faces of comparable size. The
    crop was aligned by the "points" of the face, or its "eyes"."""

    file: str = ""
    frame: int
    seconds: float
    box: BoxTuple
    eyes_found: bool
    brightness: float
    sharpness: float
    label: str = ""
    others: int = 0
    aligned: str = "eyes"


@dataclass(eq=False)
class SessionWriter:
    """Takes the pictures of one session. The folder appears with the first picture; before it the
    audit log says that `action` began, if one is given, and of what is `told`. The caller holds
    `Workspace.writer`. Every method raises DiskFull or WorkspaceUnusable if the disk refuses;
    pictures that were written stay."""

    people: People
    person: Person
    source: str
    target: int | None = None
    part: str = ""
    action: Action | None = None
    told: dict[str, Any] = field(default_factory=dict)
    session: str = field(default="", init=False)
    """The session's id; empty until the first picture is kept."""
    captured: int = field(default=0, init=False)
    _written: int = field(default=0, init=False)
    """Also pictures that were put aside: no name is given twice."""
    _doing: Doing | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """The session's folder; only once `session` is set."""
        return self.people.session_directory(self.person.slug, self.session)

    def add(self, png: bytes, record: PictureRecord) -> str:
        """Put one encoded picture on disk with its details; its file name once it is safely there.
        Raises PersonNotFound if the person was deleted meanwhile: their folder must not come
        back."""
        self._begin()
        if not self.session:
            self.session = self.people.new_session(
                self.person, self.source, record.aligned, self.part
            )
        if self._gone():
            raise PersonNotFound(
                "The person was deleted meanwhile",
                self.person.name,
                "Enrol them again if that was a mistake.",
            )
        file = f"{self._written + 1:04d}.png"
        record = replace(record, file=file)
        try:
            write_bytes(self.folder / file, png)
            append_line(
                self.folder / RECORDS_FILE, json.dumps(asdict(record), ensure_ascii=False).encode()
            )
        except BaseException:
            with contextlib.suppress(OSError):  # The first error says more.
                (self.folder / file).unlink(missing_ok=True)
            if not self._written:
                self._remove()
            raise
        self._written += 1
        self.captured += 1
        return file

    def put_aside(self, pictures: int) -> None:
        """So many of the pictures are in the session no longer."""
        self.captured -= pictures

    def close(self, ended: str, refused: Mapping[str, int], **told: Any) -> None:
        """Write how the session ended and what was refused, and note it with what is `told`.
        Without a picture there is nothing to write."""
        if self._gone():
            self.forget()
        if self.session:
            self._write_end(ended, refused)
        self._note_end("cancelled" if ended == "cancelled" else "nothing", told)

    def _write_end(self, ended: str, refused: Mapping[str, int]) -> None:
        with contextlib.suppress(FileNotFoundError):
            sync_file(self.folder / RECORDS_FILE)
        head = read_object(self.folder / SESSION_FILE)
        if head is None:  # somebody's hand: what is known is written anew
            head = {"version": FORMAT, "id": self.session, "source": self.source}
            head["started"] = utc_now()
        end = {
            "ended": utc_now(),
            "outcome": ended,
            "target": self.target,
            "captured": self.captured,
            "refused": dict(sorted(refused.items())),
        }
        write_json(self.folder / SESSION_FILE, {**head, **end})

    def reassign(self, person: Person) -> None:
        """Move the session, in one rename, to another person who is enrolled. Raises DataError if
        they have a session of the very same id, PersonNotFound."""
        if self.session:
            target = self.people.session_directory(person.slug, self.session)
            if target.exists():
                raise DataError("The session exists already", str(target), "Capture once more.")
            if self._gone() or not target.parent.is_dir():
                raise PersonNotFound("The person was deleted meanwhile", person.name)
            with translate_os_errors("move a folder", target):
                move(self.folder, target)
                sync_directory(target.parent)
            traces.move_features(self.people.workspace, self.person.slug, self.session, person.slug)
        self.person, self.told = person, {**self.told, "new": False}
        if self._doing is not None:
            Audit(self.people.workspace).give_up(self._doing, "somebody else")
            self._doing = None
            self._begin()

    def discard(self) -> None:
        """Remove the session with all its pictures."""
        self._remove()
        self._note_end("cancelled", {})

    def forget(self) -> None:
        """The session with its pictures is no longer where it was."""
        self.session, self.captured = "", 0

    def _remove(self) -> None:
        if self.session:
            self.people.discard_session(self.person.slug, self.session, only_if_empty=False)
        self.forget()

    def _begin(self) -> None:
        if self.action is not None and self._doing is None:
            about = [(self.person.id, self.told)]
            self._doing = Audit(self.people.workspace).begin(self.action, about)

    def _note_end(self, why: str, told: Mapping[str, Any]) -> None:
        """Note that it is done, or `why` it is not where nothing was kept."""
        if self._doing is None:
            return
        if self.captured:
            self._doing.more |= {"pictures": self.captured, **told}
            Audit(self.people.workspace).end(self._doing)
        else:
            Audit(self.people.workspace).give_up(self._doing, why)

    def _gone(self) -> bool:
        return bool(self.session) and not self.folder.is_dir()


def read_records(folder: Path) -> tuple[PictureRecord, ...]:
    """The details of a session's pictures; damaged lines and lost pictures are left out."""
    try:
        lines = read_lines(folder / RECORDS_FILE)
    except FileNotFoundError:
        return ()
    records, present = [], set(picture_names(folder))
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            record = record_of(parse_json(line))
            if record.file in present:
                records.append(record)
    return tuple(records)


def record_of(body: Any) -> PictureRecord:
    """The record in a JSON object. Raises ValueError, TypeError or KeyError."""
    x, y, width, height = body["box"]
    return PictureRecord(
        file=Path(str(body["file"])).name,
        frame=int(body["frame"]),
        seconds=finite(body["seconds"]),
        box=(int(x), int(y), int(width), int(height)),
        eyes_found=bool(body["eyes_found"]),
        brightness=finite(body["brightness"]),
        sharpness=finite(body["sharpness"]),
        label=str(body.get("label", "")),
        others=int(body.get("others", 0)),
        aligned="points" if body.get("aligned") == "points" else "eyes",
    )

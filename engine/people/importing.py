"""Import of photographs: one session for each person of a folder.

Every picture is on disk before the next is looked at, so that a killed import leaves whole
pictures; importing the same folder again adds what is missing and nothing twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import (
    BoxTuple,
    Event,
    ImportDone,
    ImportProgress,
    ImportRefused,
    Notice,
    SetAside,
)
from engine.contract.errors import Cancelled, FacedeskError, NameTaken, PersonNotFound
from engine.faces.align import Face
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates, Verdict
from engine.faces.refusal import Refusal
from engine.people.import_plan import ImportPlan, PersonFiles
from engine.people.permission import NOTHING_NEW, Permission, enrolled
from engine.people.person import Person
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People
from engine.pictures import Unreadable, decode_crop, encode_png, read_photograph
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.identity import IMPORTED

After = Callable[[Person, str], Iterable[Event]]
"""Is told of a person's session that is complete; what becomes of it."""
Choice = Literal["central", "largest", "only"]
COMPARABLE = 0.5
"""Width of another face, as a share of the chosen one's, from which on it may be the one meant."""


def choose_face(faces: Sequence[Face], choose: Choice, smallest: int) -> tuple[Face, ...]:
    """The face to take, `faces` being in order from the middle outwards; empty if there is none. A
    face narrower than `smallest` pixels is taken only where there is no other: the cascade sees
    small faces in buttons and folds."""
    usable = [face for face in faces if face.box.width >= smallest] or list(faces)
    if choose == "largest":
        usable.sort(key=lambda face: face.box.width, reverse=True)
    return tuple(usable[:1])


@dataclass
class Import:
    """One import; the layouts are those of `engine.people.import_plan`. Of several faces `central`
    takes the one nearest to the middle, `largest` the widest, and `only` refuses the photograph.
    `granted` says what consent to note with a name. `after` is called with each person and session
    once it is complete; what it yields is yielded, and the pictures of a SetAside are no longer
    counted as imported."""

    plan: ImportPlan
    people: People
    finder: FaceFinder
    gates: QualityGates
    choose: Choice
    cancel: Cancel
    granted: Permission = NOTHING_NEW
    after: After = lambda person, session: ()
    _aside: int = 0
    _looked_at: int = 0
    _refused: int = 0
    _images: int = 0
    _crowded: int = 0
    _persons: set[str] = field(default_factory=set)
    _notes: list[str] = field(default_factory=list)
    """What is to be told of the photograph at hand."""

    def run(self) -> Iterator[Event]:
        """Import everybody, and yield an ImportProgress after each file, an ImportRefused before it
        for a file that was not taken or a Notice for one that was turned, at the end an ImportDone.

        The caller holds `Workspace.writer`. After `cancel.stop()` what was imported so far counts;
        after `cancel.cancel()` the unfinished session is removed, finished ones stay, and Cancelled
        is raised. A person none of whose pictures is usable is not created. Raises DiskFull or
        WorkspaceUnusable if a picture cannot be written; those written before stay.
        """
        began = time.monotonic()
        Audit(self.people.workspace).ready()
        for path, reason in self.plan.strays:
            yield from self._refuse(path, reason)
        for each in self.plan.people:
            if self.cancel.stopping:
                break
            yield from self._person(each)
        if self.cancel.cancelled:
            raise Cancelled(
                "The import was cancelled",
                f"{many(self._images, 'picture')} of "
                f"{many(len(self._persons), 'person', 'people')} imported before",
                "Import the folder again for the rest; nothing is taken twice.",
            )
        yield ImportDone(
            people=len(self._persons),
            images=self._images,
            refused=self._refused,
            crowded=self._crowded,
            aside=self._aside,
            seconds=round(time.monotonic() - began, 3),
        )

    def _person(self, each: PersonFiles) -> Iterator[Event]:
        """All pictures of one person, into one session."""
        try:
            self.people.refuse_lookalike(each.name)
        except NameTaken:
            for path in each.files:
                yield from self._refuse(path, "name_taken")
            return
        source = f"{IMPORTED}{self.plan.root.name}"
        session = _PersonSession(self.people, each.name, source, self.granted, each.part)
        outcome = "stopped"
        try:
            for number, path in enumerate(each.files, start=1):
                if self.cancel.stopping:
                    break
                taken = self._photograph(session, path, number)
                for what in self._notes:
                    text = f"{self.plan.shown(path)}: {what}"
                    yield Notice(text=text, level="warning")
                self._notes.clear()
                if isinstance(taken, ImportRefused):
                    session.refused[taken.reason] += 1
                    yield from self._refuse(path, taken.reason, taken.value, taken.limit)
                    continue
                if taken.turned:
                    degrees = f"{90 * taken.turned} degrees to the left"
                    yield Notice(text=f"{self.plan.shown(path)} was turned by {degrees}")
                yield self._progress(path)
            else:
                outcome = "complete"
        except FacedeskError:
            # The first error is the one to report, whatever closing the session meets.
            with contextlib.suppress(FacedeskError):
                session.close(outcome)
            raise
        except GeneratorExit:
            session.close(outcome)
            raise
        if self.cancel.cancelled and outcome == "stopped":
            session.discard()
            return
        session.close(outcome)
        self._crowded += session.crowded
        writer = session.writer
        if writer is None or not writer.captured:
            return
        stay = writer.captured
        self._images += stay
        for event in self.after(writer.person, writer.session):
            if isinstance(event, SetAside):
                self._aside += event.pictures
                self._images -= event.pictures
                stay -= event.pictures
            yield event
        if stay > 0:
            self._persons.add(writer.person.slug)

    def _photograph(self, session: _PersonSession, path: Path, number: int) -> ImportRefused | Face:
        """Take one photograph's face into the session; the refusal if that cannot be."""
        file = self.plan.shown(path)
        try:
            picture = read_photograph(path, self._notes.append)
            faces = self.finder.find_in_photograph(picture)
        except Unreadable as error:
            return ImportRefused(file=file, reason=error.reason)
        if self.choose == "only" and len(faces) > 1:
            return ImportRefused(
                file=file, reason=Refusal.SEVERAL_FACES.value, value=len(faces), limit=1
            )
        smallest = self.gates.settings.min_face_import
        chosen = choose_face(faces, self.choose, smallest)
        verdict = self.gates.judge(chosen, None, imported=True)
        if verdict.refusal is not None or verdict.face is None:
            reason = verdict.refusal or Refusal.NO_FACE
            return ImportRefused(
                file=file, reason=reason.value, value=verdict.value, limit=verdict.limit
            )
        face = verdict.face
        least = COMPARABLE * face.box.width
        others = sum(each is not face and each.box.width >= least for each in faces)
        box = face.box_in(picture).as_tuple
        if not session.keep(face, box, verdict, number, path.name, others):
            return ImportRefused(file=file, reason=Refusal.DUPLICATE.value)
        return face

    def _refuse(
        self, path: Path, reason: str, value: float = 0.0, limit: float = 0.0
    ) -> Iterator[Event]:
        self._refused += 1
        yield ImportRefused(file=self.plan.shown(path), reason=reason, value=value, limit=limit)
        yield self._progress(path)

    def _progress(self, path: Path) -> ImportProgress:
        self._looked_at += 1
        return ImportProgress(
            done=self._looked_at, total=self.plan.total, file=self.plan.shown(path)
        )


@dataclass
class _PersonSession:
    """A session that appears, with its person if need be, when the first picture is kept."""

    people: People
    name: str
    source: str
    granted: Permission
    part: str
    refused: Counter[str] = field(default_factory=Counter)
    crowded: int = 0
    """Kept pictures whose photograph shows other faces of comparable size."""
    writer: SessionWriter | None = None
    """Once there is a picture."""
    _known: set[bytes] | None = None

    def keep(
        self, face: Face, box: BoxTuple, verdict: Verdict, number: int, label: str, others: int
    ) -> bool:
        """Write the crop; False if the person has the very same one already."""
        if self._known is None:
            self._known = self._digests_held()
        digest = _digest(face.crop)
        if digest in self._known:
            return False
        if self.writer is None:
            person, _new = enrolled(self.people, self.name, self.granted)
            self.writer = SessionWriter(
                self.people, person, self.source, part=self.part, action="pictures-imported"
            )
        try:
            self.writer.add(
                encode_png(face.crop),
                PictureRecord(
                    frame=number,
                    seconds=0.0,
                    box=box,
                    eyes_found=face.eyes_found,
                    brightness=round(verdict.brightness, 2),
                    sharpness=round(verdict.sharpness, 2),
                    label=label.encode("utf-8", "replace").decode(),
                    others=others,
                    aligned=face.aligned,
                ),
            )
        except FacedeskError:
            self._discard_empty_person()
            raise
        self._known.add(digest)
        self.crowded += others > 0
        return True

    def close(self, outcome: str) -> None:
        """Write down how the session ended."""
        if self.writer is not None:
            self.writer.close(outcome, self.refused)

    def discard(self) -> None:
        """Remove the session, and the person if this was all there was."""
        if self.writer is not None:
            self.writer.discard()
        self._discard_empty_person()

    def _discard_empty_person(self) -> None:
        if self.writer is not None:
            with contextlib.suppress(FacedeskError):
                self.people.discard_if_empty(self.writer.person)

    def _digests_held(self) -> set[bytes]:
        """Digests of the crops the person has already; a damaged one equals nothing."""
        held = set()
        with contextlib.suppress(PersonNotFound):
            for path in self.people.pictures(self.people.get(self.name)):
                with contextlib.suppress(Unreadable):
                    held.add(_digest(decode_crop(path)))
        return held


def _digest(crop: NDArray[np.uint8]) -> bytes:
    return hashlib.sha256(crop.tobytes()).digest()

"""Capture of one person from a camera or clip: a state machine fed with frames.

    capturing -> complete       the target is reached
              -> stopped        the operator has enough; what was captured counts
              -> source_ended   the source ended or failed; what was captured counts
              -> cancelled      given up; this session's pictures wait in the trash

It knows no camera and no screen: the caller reads frames, finds the faces and passes on what
`take` returns.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from engine.contract import Captured, EnrolDone, Refused
from engine.contract.errors import FacedeskError, UsageError
from engine.contract.people import Trashed
from engine.people.changes import give_up_session, set_aside
from engine.people.person import Person
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People
from engine.people.trash import Trash
from engine.pictures import encode_png
from engine.workspace.audit import Audit
from engine.workspace.audit_words import place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.camera.source import Frame
    from engine.faces.align import Face
    from engine.faces.quality import QualityGates, Verdict

State = Literal["capturing", "complete", "stopped", "cancelled", "source_ended"]

LARGEST_TARGET = 10_000


@dataclass(eq=False)
class Enrolment:
    """One session of one person. The caller holds `Workspace.writer` for as long as it lives.
    `source` is the source's text without credentials. With `new_person` the person is removed again
    by `finish` if no picture of them was kept. A session that is given up can be undone for
    `keep_days`, with 0 it is gone. Raises UsageError for a target outside 1..10000."""

    people: People
    person: Person
    source: str
    target: int
    gates: QualityGates
    new_person: bool = field(default=False, kw_only=True)
    keep_days: int = field(default=30, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True)
    state: State = field(default="capturing", init=False)
    refused: Counter[str] = field(default_factory=Counter, init=False)
    """Frames refused so far, by reason."""
    verdict: Verdict | None = field(default=None, init=False)
    """The gates' word on the last frame that was fed."""

    def __post_init__(self) -> None:
        if not 1 <= self.target <= LARGEST_TARGET:
            raise UsageError(
                "The number of pictures is out of bounds",
                f"{self.target} was asked for, 1 to {LARGEST_TARGET} are possible",
                "Choose another number.",
            )
        Audit(self.people.workspace).ready()
        self._began = self.clock()
        self._writer = SessionWriter(
            self.people,
            self.person,
            self.source,
            self.target,
            action="enrolled",
            told={"new": self.new_person, "source": place(self.source)},
        )
        self._previous: NDArray[np.uint8] | None = None
        self._done: EnrolDone | None = None
        self._aside: list[Trashed] = []
        self._given_up: Trashed | None = None

    @property
    def session(self) -> str:
        """The session's id; empty until a picture was kept."""
        return self._writer.session

    @property
    def captured(self) -> int:
        """Pictures kept so far."""
        return self._writer.captured

    def take(self, frame: Frame, faces: tuple[Face, ...]) -> tuple[Captured | Refused, ...]:
        """Judge one frame; what happened to it. Nothing happens once the session is over. A
        `Captured` event means that the crop is on disk. Raises DiskFull or WorkspaceUnusable if it
        cannot be written: the session is then stopped, what it kept before stays."""
        if self.state != "capturing":
            return ()
        verdict = self.verdict = self.gates.judge(faces, self._previous)
        if verdict.refusal is not None or verdict.face is None:
            return (self._refuse(frame, faces, verdict),)
        face = verdict.face
        try:
            file = self._writer.add(
                encode_png(face.crop),
                PictureRecord(
                    frame=frame.sequence,
                    seconds=round(frame.seconds, 3),
                    box=face.box.as_tuple,
                    eyes_found=face.eyes_found,
                    brightness=round(verdict.brightness, 2),
                    sharpness=round(verdict.sharpness, 2),
                    aligned=face.aligned,
                ),
            )
        except FacedeskError:
            self.end("stopped")
            raise
        self._previous = face.crop
        if self.captured >= self.target:
            self.end("complete")
        return (
            Captured(
                person=self.person.name,
                session=self.session,
                captured=self.captured,
                target=self.target,
                file=file,
                frame=frame.sequence,
                box=face.box.as_tuple,
                brightness=verdict.brightness,
                sharpness=verdict.sharpness,
            ),
        )

    def end(self, state: State) -> None:
        """End the session so; one that is over stays as it is. What was captured counts; once it is
        "cancelled" `finish` puts it into the trash."""
        if self.state == "capturing":
            self.state = state

    def give_up(self, *, for_good: bool = False) -> None:
        """Cancel even a session that is complete already; only before `finish`. With `for_good`
        its pictures may not be kept in the trash either."""
        self.state = "cancelled"
        if for_good:
            self.keep_days = 0

    def reassign(self, person: Person) -> None:
        """Give the session with its pictures to `person`, who is enrolled, and go on as theirs. A
        person whom this session created is removed again. Raises DataError if `person` has a
        session of the very same id."""
        self._writer.reassign(person)
        if self.new_person:
            self.people.discard_if_empty(self.person)
        self.person, self.new_person = person, False

    def put_aside(self, files: Sequence[str], *, asked: bool) -> Trashed | None:
        """Put pictures that show another face into the trash; the session goes on. `asked`: an
        operator said so. None if they are all gone. Raises DataError if that cannot be done."""
        people, slug = self.people, self.person.slug
        folder = people.session_directory(slug, self.session)
        # The operator may have deleted one, or renamed the person, meanwhile.
        chosen = [f"{self.session}/{file}" for file in files if (folder / file).is_file()]
        if not chosen:
            return None
        name = people.by_slug(slug).name
        done = set_aside(people.workspace, name, chosen, self.keep_days, asked=asked)
        self._writer.put_aside(len(chosen))
        self._aside.append(done)
        self._previous = None
        return done

    def finish(self) -> EnrolDone:
        """Write down how the session ended, and put a cancelled one away; the closing event. A
        session still capturing is stopped. Further calls return the same event."""
        if self._done is not None:
            return self._done
        self.end("stopped")
        if self.state == "cancelled" and not self.keep_days:
            self._writer.discard()
            for change in self._aside:
                Trash(self.people.workspace).drop(change.id)
        else:
            consent = self.person.consent is not None and self.person.consent.given
            self._writer.close(self.state, self.refused, consent=consent)
        if self.state == "cancelled" and self.captured:  # the person too if it is all of them
            self._given_up = give_up_session(
                self.people.workspace,
                self.people.by_slug(self.person.slug).name,  # they may have been renamed meanwhile
                self.session,
                self.keep_days,
                new=self.new_person,
            )
            self._writer.forget()
        if self.new_person:
            self.people.discard_if_empty(self.person)
        self._done = EnrolDone(
            person=self.person.name,
            session=self.session,
            captured=self.captured,
            target=self.target,
            refused=dict(sorted(self.refused.items())),
            seconds=round(self.clock() - self._began, 3),
            ended=self.state,
            aside=sum(change.pictures for change in self._aside),
            given_up=self._given_up.pictures if self._given_up else 0,
            change=self._given_up.id if self._given_up else "",
        )
        return self._done

    def _refuse(self, frame: Frame, faces: tuple[Face, ...], verdict: Verdict) -> Refused:
        reason = str(verdict.refusal or "no_face")
        self.refused[reason] += 1
        seen = verdict.face or (faces[0] if faces else None)
        return Refused(
            person=self.person.name,
            reason=reason,
            value=verdict.value,
            limit=verdict.limit,
            frame=frame.sequence,
            box=seen.box_in(frame.image).as_tuple if seen else None,
        )

"""The capture of one enrolment: frames in, judged and kept, one event for each frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from engine.camera.frame import Frame
from engine.camera.reader import Reader
from engine.cancel import Cancel
from engine.enrol.coach import Coach
from engine.enrol.people import People, Person
from engine.enrol.session import Enrolment
from engine.enrol.twins import TwinGuard
from engine.errors import ConsentMissing, PersonNotFound, SourceError
from engine.events import Captured, Emit, Notice, Refused
from engine.faces.align import Face
from engine.faces.follow import FaceFollower
from engine.faces.refusal import REASONS, UNMEASURED, Refusal
from engine.service.jobs.facing import FaceDecisions
from engine.service.jobs.view import Viewer

OUT_OF_SIGHT = frozenset({Refusal.NO_FACE.value, Refusal.SEVERAL_FACES.value})
"""Refusals after which it may be somebody else who stands there."""


class Follower(Protocol):
    """Is told what becomes of a capture's pictures. Must not hold it up."""

    def kept(self, slug: str, session: str, file: str) -> None:
        """A picture of this person's session is on disk."""
        ...

    def over(self, session: str) -> None:
        """The session, of which pictures were told, is closed or was given up."""
        ...


@dataclass(frozen=True)
class Capture:
    """What a capture needs: who looks at a frame, who keeps it, who may end it.

    With `early` it is complete as well once the coach has all it wants. `allow` is asked before the
    pictures become another person's, and raises ConsentMissing where they may not.
    """

    reader: Reader
    finder: FaceFollower
    enrolment: Enrolment
    coach: Coach
    guard: TwinGuard
    faces: FaceDecisions
    people: People
    viewer: Viewer
    cancel: Cancel
    emit: Emit
    early: bool
    follower: Follower | None = None
    allow: Callable[[Person], None] = lambda person: None

    def run(self, frames: Iterable[Frame]) -> None:
        """Feed frames until the session is complete, the source ends or an end is asked for."""
        lines: tuple[str, ...] = ("looking for a face",)
        try:
            for frame in frames:
                if self.guard.holding:
                    asked = (f"looks like {self.guard.other}",)
                    self.viewer.show(frame, (), asked, self.reader.dropped)
                    continue
                self._heed()
                self.faces.look()
                if self.faces.guard.holding:
                    self.viewer.show(frame, (), ("two faces: whose?",), self.reader.dropped)
                    continue
                if self.reader.still:  # nobody is there now
                    if not self.viewer.show(frame, (), lines, self.reader.dropped):
                        self.cancel.stop()
                    continue
                found = self.finder.find(frame.image)
                faces = self.finder.lying(frame.image) or found
                lines = self._keep(frame, faces) or lines
                boxes = tuple(face.box_in(frame.image).as_tuple for face in faces)
                if not self.viewer.show(frame, boxes, lines, self.reader.dropped):
                    self.cancel.stop()
                if self.early and self.coach.covered:
                    self.enrolment.complete()
                if self.enrolment.state != "capturing":
                    return
        except SourceError as error:
            # What was captured before the camera was lost is good, so the session closes normally.
            self.emit(Notice(text=f"{error}. {error.hint}", level="error"))

    def settle(self) -> None:
        """Wait for the comparison with the other people, and do what was answered.

        To be called when all frames have been fed.
        """
        if self.guard.asks_at_the_end and (said := self.coach.comparing()):
            self.emit(said)
        self.guard.settle(self.cancel)
        if self.guard.unreported:
            self.emit(Notice(text="Kept without a comparison with the other people"))
        self._heed()
        if self.faces.guard.tells and self.enrolment.captured:
            if said := self.coach.comparing():
                self.emit(said)
            self.faces.settle(self.cancel, self.guard.other)

    def _heed(self) -> None:
        """Do what was answered about a likeness, once."""
        choice = self.guard.take()
        if choice == "stop":
            self.enrolment.give_up()
        elif choice == "same":
            try:
                other = self.people.get(self.guard.other)
            except PersonNotFound:
                text = f"{self.guard.other} is not enrolled any more: kept as they were"
                self.emit(Notice(text=text))
                return
            try:
                self.allow(other)
            except ConsentMissing as error:
                self.emit(Notice(text=f"{error}. {error.hint}", level="error"))
                self.enrolment.give_up(for_good=True)
                return
            self.emit(Notice(text=f"The pictures go to {other.name}"))
            self.enrolment.reassign(other)

    def _keep(self, frame: Frame, faces: tuple[Face, ...]) -> tuple[str, ...]:
        """Feed one frame; the preview window's lines about it."""
        lines: tuple[str, ...] = ()
        for event in self.enrolment.feed(frame, faces):
            self.emit(event)
            kept = isinstance(event, Captured)
            if kept and self.enrolment.verdict and self.enrolment.verdict.face:
                self.guard.kept(self.enrolment.verdict.face.crop)
            if isinstance(event, Captured):
                slug = self.enrolment.person.slug
                if self.follower is not None:
                    self.follower.kept(slug, event.session, event.file)
                self.faces.guard.kept(slug, event.session)
            elif event.reason in OUT_OF_SIGHT:
                self.faces.guard.lost()
            self._guide(frame, kept=kept)
            count = f"{self.enrolment.captured} of {self.enrolment.target}"
            why = (_why(event),) if isinstance(event, Refused) else ()
            lines = (count, *why, "Enter or Esc: stop")
        return lines

    def _guide(self, frame: Frame, *, kept: bool) -> None:
        """Say what to do now, if that has changed."""
        verdict = self.enrolment.verdict
        if verdict is not None:
            said = self.coach.feed(verdict, frame.image.shape[1], time.monotonic(), kept=kept)
            if said is not None:
                self.emit(said)


def _why(event: Refused) -> str:
    """Why a frame was refused, in one short line for the preview window."""
    if event.reason in UNMEASURED:
        return REASONS[event.reason]
    return f"{REASONS[event.reason]}: {event.value:.0f} (limit {event.limit:.0f})"

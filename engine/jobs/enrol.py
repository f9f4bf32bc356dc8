"""Enrol one person from a source: frames are judged and kept, with one event for each frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from engine.camera.reader import Reader
from engine.camera.recording import recorded_frames
from engine.camera.source import Frame
from engine.cancel import Cancel
from engine.contract import Captured, Emit, EnrolDone, Notice, Refused
from engine.contract.errors import ConsentMissing, NoPictures, PersonNotFound, Remedy, SourceError
from engine.contract.messages import PictureKept, PicturesOver
from engine.contract.requests import EnrolRequest, Wishes
from engine.faces.align import Face
from engine.faces.detect import FaceFollower
from engine.faces.quality import QualityGates
from engine.faces.refusal import GATES, Refusal
from engine.jobs.facing import FaceDecisions
from engine.jobs.preview import Viewer
from engine.people import permission
from engine.people.coach import Coach, FaceGuard, TwinGuard
from engine.people.person import Person, clean_name
from engine.people.registry import People
from engine.people.session import Enrolment, State
from engine.settings import Settings
from engine.text import many
from engine.workspace.folder import Workspace

OUT_OF_SIGHT = frozenset({Refusal.NO_FACE.value, Refusal.SEVERAL_FACES.value})
"""Refusals after which it may be somebody else who stands there."""


Follower = Callable[[PictureKept | PicturesOver], object]
"""Takes what becomes of a capture's pictures. Must not hold it up."""


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
        """Take frames until the session is complete, the source ends or an end is asked for."""
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
                    self.enrolment.end("complete")
                if self.enrolment.state != "capturing":
                    return
        except SourceError as error:
            # What was captured before the camera was lost is good, so the session closes normally.
            self.emit(Notice(text=f"{error}.", level="error", hint=error.hint))

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
                self.emit(Notice(text=f"{error}.", level="error", hint=error.hint))
                self.enrolment.give_up(for_good=True)
                return
            self.emit(Notice(text=f"The pictures go to {other.name}"))
            self.enrolment.reassign(other)

    def _keep(self, frame: Frame, faces: tuple[Face, ...]) -> tuple[str, ...]:
        """Take one frame; the preview window's lines about it."""
        lines: tuple[str, ...] = ()
        for event in self.enrolment.take(frame, faces):
            self.emit(event)
            verdict, width = self.enrolment.verdict, frame.image.shape[1]
            if kept := isinstance(event, Captured):
                if verdict and verdict.face:
                    self.guard.kept(verdict.face.crop)
                slug = self.enrolment.person.slug
                if self.follower is not None:
                    self.follower(PictureKept(slug=slug, session=event.session, file=event.file))
                self.faces.guard.kept(slug, event.session)
            elif event.reason in OUT_OF_SIGHT:
                self.faces.guard.lost()
            if verdict and (said := self.coach.take(verdict, width, time.monotonic(), kept=kept)):
                self.emit(said)
            count = f"{self.enrolment.captured} of {self.enrolment.target}"
            why = (_why(event),) if isinstance(event, Refused) else ()
            lines = (count, *why, "Enter or Esc: stop")
        return lines


def _why(event: Refused) -> str:
    """Why a frame was refused, in one short line for the preview window."""
    gate = GATES[event.reason]
    if not gate.shown:
        return gate.words
    return f"{gate.words}: {event.value:.0f} (limit {event.limit:.0f})"


OFTEN = 3
"""A refusal counts beside the commonest one if that is at most so many times as common."""


def enrol(
    workspace: Workspace,
    settings: Settings,
    request: EnrolRequest,
    cancel: Cancel,
    emit: Emit,
    twins: TwinGuard | None = None,
    *,
    faces: FaceGuard | None = None,
    preview: Wishes | None = None,
    follower: Follower | None = None,
) -> EnrolDone:
    """Capture `request.count` crops. Returns after emitting EnrolDone.

    `cancel.stop()` ends early and keeps the crops, `cancel.cancel()` puts them into the trash. A
    source that ends or is lost early keeps what was captured. `twins` may hold the capture, give
    it up, or turn it into one of the person whom the pictures look like; `faces` tells whether they
    show one person, and pictures of another are put aside. `follower` is told of
    every picture that is kept.
    Raises ConsentMissing, SourceError if the source cannot be opened, NoPictures if nothing at all
    was captured.
    """
    name = clean_name(request.person)
    people = People(workspace)
    by, source = request.consent, request.source
    granted = permit_and_tell(workspace, [name], settings, by, emit, source)

    def allow(other: Person) -> None:
        """The pictures turn out to be this person's: the same rule for them."""
        theirs = permit_and_tell(workspace, [other.name], settings, by, emit, source)
        permission.note(people, other, theirs)

    finder = FaceFollower(settings.detection)
    viewer = Viewer(emit, title=f"Facedesk: {name}", window=request.window, preview=preview)
    try:
        with Reader(request.source, settings.camera, request.pace, emit, cancel) as reader:
            person, new = permission.enrolled(people, name, granted)
            enrolment = Enrolment(
                people,
                person,
                reader.info.text,
                request.count,
                QualityGates(settings.gates),
                new_person=new,
                keep_days=settings.trash.keep_days,
            )
            capture = Capture(
                reader=reader,
                finder=finder,
                enrolment=enrolment,
                coach=Coach(request.count, settings.gates.min_change),
                guard=twins or TwinGuard(),
                faces=FaceDecisions(
                    faces or FaceGuard(),
                    enrolment,
                    workspace.people.relative_to(workspace.root).as_posix(),
                    emit,
                ),
                people=people,
                viewer=viewer,
                cancel=cancel,
                emit=emit,
                early=settings.enrolment.finish_when_covered,
                follower=follower,
                allow=allow,
            )
            try:
                most = settings.record.most_megabytes
                taken = reader.frames(cancel)
                recorded = recorded_frames(taken, reader.info, request.recording, most, emit)
                with closing(recorded) as frames:
                    capture.run(frames)
                capture.settle()
            finally:
                session = enrolment.session
                ended: State = "stopped" if cancel.stopping else "source_ended"
                enrolment.end("cancelled" if cancel.cancelled else ended)
                try:
                    done = enrolment.finish()
                finally:
                    if follower is not None and session:
                        follower(PicturesOver(session=session))
    finally:
        viewer.close()
    emit(done)
    if done.captured == 0 and done.ended == "source_ended":
        raise nothing_captured(done)
    return done


def permit_and_tell(
    workspace: Workspace,
    names: Sequence[str],
    settings: Settings,
    by: str,
    emit: Emit,
    source: str = "",
) -> permission.Permission:
    """`permission.permit`; a doubt about a consent is told by a Notice."""
    granted = permission.permit(workspace, names, settings.consent, by, source)
    if granted.sentence:
        emit(Notice(text=granted.sentence, level="warning", hint=Remedy.CONSENT))
    return granted


def nothing_captured(done: EnrolDone) -> NoPictures:
    """The error for a session that kept no picture: it was given up, or what was refused and the
    one thing to mend first."""
    if done.ended == "cancelled":
        return NoPictures("No picture was kept", "the capture was given up")
    if not done.refused and done.ended == "stopped":
        why = "the capture was ended before it showed a frame"
        return NoPictures("No picture was captured", why)
    if not done.refused:
        return NoPictures(
            "No picture was captured",
            "the source ended before it showed a frame",
            "Check the source with its own player, or choose another one.",
        )
    commonest = max(done.refused.values())
    # The first gate that closed often is what to mend first: a small face is blurred as well.
    often = {reason for reason, count in done.refused.items() if OFTEN * count >= commonest}
    first = next((gate.hint for reason, gate in GATES.items() if reason in often), "")
    reasons = ", ".join(
        f"{count} {GATES[reason].words if reason in GATES else reason}"
        for reason, count in sorted(done.refused.items(), key=lambda item: -item[1])
    )
    refused = f"{many(sum(done.refused.values()), 'frame was', 'frames were')} refused: {reasons}"
    return NoPictures("No picture was captured", refused, first)

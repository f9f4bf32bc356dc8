"""What becomes of a capture whose pictures show more than one face.

An operator who is there chooses. Where nobody is asked the first face stays, which is the person's
of earlier sessions or has the most pictures, and the others wait in the trash, to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.cancel import Cancel
from engine.contract import Emit, Event, FaceAnswer, LooksEnrolled, Notice, SecondFace, SetAside
from engine.contract.messages import SessionJudged
from engine.people.changes import set_aside
from engine.people.coach import FaceGuard
from engine.people.person import Person
from engine.people.session import Enrolment
from engine.workspace.folder import Workspace


@dataclass(slots=True, eq=False)
class FaceDecisions:
    """One capture's second faces: asked about, or put aside."""

    guard: FaceGuard
    enrolment: Enrolment
    people_folder: str
    """That of everybody, below the workspace."""
    emit: Emit
    asked: SessionJudged | None = None
    all_welcome: bool = False
    """An operator said that every face is the person's."""
    anchor: str = ""
    """A picture of the face that an operator chose."""

    def look(self) -> None:
        """Take what was reported and answered meanwhile; never waits."""
        if self.asked is not None and (choice := self.guard.answered()):
            self._answered(choice)
        elif self.asked is None and (judged := self.guard.take()):
            self._judged(judged)

    def settle(self, cancel: Cancel, told: str = "") -> None:
        """All frames have been fed: look at all that was kept, and wait for the answers.

        `told`: who the operator knows already that the pictures look like.
        """
        if self.asked is not None:
            self._await_answer(cancel)
        if self.enrolment.state == "cancelled" or not self.enrolment.captured:
            return
        slug, session = self.enrolment.person.slug, self.enrolment.session
        judged = self.guard.last_report(slug, session, cancel)
        if judged is None:
            return
        self._judged(judged)
        if self.asked is not None:
            self._await_answer(cancel)
        elif judged.why:
            self.emit(not_compared(judged))
        if judged.looks_like and judged.looks_like[0] not in ("", told):
            self.emit(
                LooksEnrolled(
                    person=self.enrolment.person.name,
                    session=session,
                    other=judged.looks_like[0],
                    pictures=len(judged.faces[0]),
                    of=self.enrolment.captured,
                )
            )

    def _await_answer(self, cancel: Cancel) -> None:
        choice = self.guard.wait_for_answer(cancel)
        if choice is not None:
            self._answered(choice)
        elif not cancel.cancelled and self.asked is not None:  # the app closes: nobody is there
            self._put_aside(self.asked, 0, asked=False)
        self.asked, self.guard.holding = None, False

    def _judged(self, judged: SessionJudged) -> None:
        if not judged.doubtful or self.all_welcome:
            return
        if self.guard.answers and not self.anchor and not self.guard.leaving():
            self.asked, self.guard.holding = judged, True
            self.emit(self._second_face(judged, asked=True))
            return
        stays = next((n for n, face in enumerate(judged.faces) if self.anchor in face), 0)
        if len(judged.faces) > 1 or (judged.earlier and not self.anchor):
            self.emit(self._second_face(judged, asked=False))
            self._put_aside(judged, stays, asked=bool(self.anchor))

    def _answered(self, choice: FaceAnswer) -> None:
        judged, self.asked = self.asked, None
        assert judged is not None
        if choice == "stop":
            self.enrolment.give_up()
        elif choice == "both" or (choice == "other" and judged.earlier):
            self.all_welcome = True
        elif choice == "other":
            self.anchor = judged.typical[1]
            self._put_aside(judged, 1, asked=True)
        else:
            self.anchor = "" if judged.earlier else judged.typical[0]
            self._put_aside(judged, 0, asked=True)

    def _put_aside(self, judged: SessionJudged, stays: int, *, asked: bool) -> None:
        """Put every face but one into the trash; all of them if the person's earlier face stays."""
        keep = -1 if judged.earlier and not self.anchor else stays
        files = [file for n, face in enumerate(judged.faces) if n != keep for file in face]
        done = self.enrolment.put_aside(files, asked=asked)
        if done is None:
            return
        others = [name for n, name in enumerate(judged.looks_like) if n != keep and name]
        self.emit(
            SetAside(
                person=self.enrolment.person.name,
                session=judged.session,
                pictures=done.pictures,
                change=done.id if self.enrolment.keep_days else "",
                looks_like=others[0] if others else "",
            )
        )

    def _second_face(self, judged: SessionJudged, *, asked: bool) -> SecondFace:
        folder = f"{self.people_folder}/{self.enrolment.person.slug}/{judged.session}"
        number = 0 if judged.earlier else 1
        return SecondFace(
            person=self.enrolment.person.name,
            session=judged.session,
            first=0 if judged.earlier else len(judged.faces[0]),
            others=sum(map(len, judged.faces[number:])),
            first_picture=judged.earlier or f"{folder}/{judged.typical[0]}",
            other_picture=f"{folder}/{judged.typical[number]}",
            other_is=judged.looks_like[number],
            earlier=bool(judged.earlier),
            asked=asked,
        )


def put_aside(
    workspace: Workspace,
    guard: FaceGuard,
    person: Person,
    session: str,
    keep_days: int,
    cancel: Cancel,
) -> Iterator[Event]:
    """Put what shows another face than the person's into the trash, of a session that is complete
    and of which nobody is asked; says so, and whom the others look like."""
    judged = guard.last_report(person.slug, session, cancel)
    if judged is None or judged.why:
        if judged is not None:
            yield not_compared(judged)
        return
    stays = () if judged.earlier or not judged.faces else judged.faces[0]
    aside = [file for face in judged.faces for file in face if file not in stays]
    if aside:
        chosen = [f"{session}/{file}" for file in aside]
        done = set_aside(workspace, person.name, chosen, keep_days, asked=False)
        others = judged.looks_like if not stays else judged.looks_like[1:]
        yield SetAside(
            person=person.name,
            session=session,
            pictures=len(aside),
            change=done.id if keep_days else "",
            looks_like=next(filter(None, others), ""),
        )
    if stays and judged.looks_like[0]:
        yield LooksEnrolled(
            person=person.name,
            session=session,
            other=judged.looks_like[0],
            pictures=len(stays),
            of=len(stays),
        )


def not_compared(judged: SessionJudged) -> Notice:
    """That it could not be told whether a session shows one person."""
    text = f"Not checked whether the pictures show one person: {judged.why}"
    return Notice(text=text, level="warning")

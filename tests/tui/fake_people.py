"""The part of the fake desk about people: facts, consent, and changes that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import EvaluateDone
from engine.contract.errors import NothingToUndo
from engine.contract.people import (
    Answers,
    Consent,
    Doubts,
    Erased,
    ErasureUnanswered,
    Exported,
    Receipt,
    Trashed,
)
from engine.contract.requests import (
    ConfusionFacts,
    PersonFacts,
    PersonRow,
    PictureFacts,
    SessionFacts,
)


def facts(row: PersonRow, consent: Consent | None = None, pictures: int = 3) -> PersonFacts:
    """Two sessions of a few pictures each; Bob is confused with."""
    return PersonFacts(
        name=row.name,
        slug=row.slug,
        created=row.created,
        in_model=row.in_model,
        consent=consent,
        sessions=tuple(
            SessionFacts(
                id=f"2026112{day}-093000-001",
                source="demo:collins",
                started=f"2026-11-2{day}T09:30:00+00:00",
                pictures=tuple(
                    PictureFacts(
                        file=f"{n:04d}.png",
                        brightness=120.0 + n,
                        sharpness=400.0 + n,
                        eyes_found=n != 2,
                    )
                    for n in range(1, pictures + 1)
                ),
                brightness=122.0,
                sharpness=402.0,
                eyes=2 / 3,
            )
            for day in (3, 4)
        ),
        confusion=ConfusionFacts(
            model="20261124-093000", probes=12, named=9, nobody=1, others=(("Bob", 2),)
        ),
    )


class FakePeople:
    """`changes` are in the trash, newest first; undoing one brings its rows back."""

    rows: tuple[PersonRow, ...]

    def __init__(self) -> None:
        self.changes: list[tuple[Trashed, tuple[PersonRow, ...]]] = []
        self.consents: dict[str, Consent] = {}
        self.due: dict[str, int] = {}
        self.evaluations: dict[str, EvaluateDone] = {}
        self.doubts: Doubts | None = None
        self.answers: list[Answers] = []

    def _record(self, name: str, argument: object) -> None:
        raise NotImplementedError

    def person_facts(self, name: str) -> PersonFacts:
        self._record("person_facts", name)
        row = next(row for row in self.rows if row.name == name)
        return facts(row, self.consents.get(name))

    def delete_people(self, names: Sequence[str]) -> Trashed:
        self._record("delete_people", tuple(names))
        left = tuple(row for row in self.rows if row.name not in names)
        return self._change(f"Deleted {', '.join(names)}", f"{', '.join(names)}: back", left)

    def delete_pictures(self, name: str, chosen: Sequence[str]) -> Trashed:
        self._record("delete_pictures", (name, tuple(chosen)))
        return self._change(f"Deleted pictures of {name}", f"{name} has them again", self.rows)

    def merge(self, source: str, target: str) -> Trashed:
        self._record("merge", (source, target))
        left = tuple(row for row in self.rows if row.name != source)
        return self._change(f"Merged {source} into {target}", f"{source} is a person again", left)

    def move_pictures(self, name: str, chosen: Sequence[str], to: str) -> Trashed:
        self._record("move_pictures", (name, tuple(chosen), to))
        return self._change(f"Moved to {to}", f"{name} has them again", self.rows)

    def note_consent(self, name: str, by: str, text_version: str) -> None:
        self._record("note_consent", (name, by, text_version))
        when = "2026-11-24T10:00:00+00:00"
        self.consents[name] = Consent(by=by, at=when, text_version=text_version)

    def withdraw_consent(self, name: str) -> None:
        self._record("withdraw_consent", name)
        when = "2026-11-25T10:00:00+00:00"
        self.consents[name] = replace(self.consents[name], withdrawn=when)

    def trash(self) -> tuple[Trashed, ...]:
        self._record("trash", None)
        return tuple(change for change, _ in self.changes)

    def undo(self, id: str = "") -> Trashed:
        self._record("undo", id)
        if not self.changes:
            raise NothingToUndo("There is nothing to undo", "the trash is empty")
        change, self.rows = self.changes.pop(0)
        return change

    def purge(self) -> dict[str, int]:
        self._record("purge", None)
        return self.due

    def export_person(self, name: str, file: str) -> Exported:
        self._record("export_person", (name, file))
        return Exported(name, file, 12, 30, 5000)

    def erase(self, name: str, by: str = "", answers: Answers = Answers()) -> Erased:  # noqa: B008
        self._record("erase", (name, by))
        self.answers.append(answers)
        doubts = answers.leave_open(self.doubts) if self.doubts else None
        if doubts and (doubts.shared or doubts.unsure):
            raise ErasureUnanswered(doubts)
        self.rows = tuple(row for row in self.rows if row.name != name)
        searched = {"files": 12, "bytes": 99, "rows": 3, "unread": 0, "left": 0}
        receipt = Receipt(
            id="00ff00ff00ff00ff",
            erased="2026-11-24T10:00:00+00:00",
            by=by or "desk",
            removed={"pictures": 30},
            model="made anew",
            searched=searched,
            resumed=False,
        )
        return Erased(name, receipt, "/srv/facedesk/data/receipts/20261124-00ff.txt", ())

    def last_evaluation(self, model: str) -> EvaluateDone | None:
        self._record("last_evaluation", model)
        return self.evaluations.get(model)

    def _change(self, title: str, back: str, rows: tuple[PersonRow, ...]) -> Trashed:
        number = len(self.changes) + 1
        done = Trashed(f"20261124-100000-{number:03d}", title, back, "2026-11-24T10:00:00+00:00")
        self.changes.insert(0, (done, self.rows))
        self.rows = rows
        return done

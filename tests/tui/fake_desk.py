"""A desk without an engine: records what is asked of it, and plays events from a real thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.contract import (
    EvaluateDone,
    Event,
    FaceAnswer,
    Finding,
    JobEnded,
    JobStarted,
    SplitDone,
    TwinChoice,
    Warned,
)
from engine.contract.desk import Listener
from engine.contract.errors import (
    DataError,
    NameInvalid,
    NameTaken,
    NoModel,
    NoPictures,
    NothingToUndo,
    PersonNotFound,
    SourceBusy,
    UsageError,
)
from engine.contract.people import (
    Added,
    Answers,
    Consent,
    Doubts,
    Erased,
    ErasureUnanswered,
    Exported,
    Receipt,
    RosterRow,
    Trashed,
)
from engine.contract.requests import (
    CAMERA_JOBS,
    CheckRequest,
    EnrolRequest,
    EvaluateRequest,
    ImportRequest,
    Job,
    ModelRow,
    PersonFacts,
    PersonRow,
    PictureRow,
    PreviewWish,
    RecogniseRequest,
    SplitRequest,
    TrainRequest,
    UnknownGroup,
    UnknownView,
)
from engine.settings import Settings
from tests.tui.samples import facts, png, row

PARTS = ("train", "validation", "test")


class FakeDesk:
    """Jobs start and end as told. `fail` maps a call's name to the error it raises."""

    def __init__(
        self,
        people: tuple[PersonRow, ...] = (),
        models: tuple[ModelRow, ...] = (),
        split: SplitDone | None = None,
        workspace: Path = Path("/srv/facedesk/data"),
    ) -> None:
        self.workspace = workspace
        self.settings = Settings()
        self.calls: list[tuple[str, object]] = []
        self.fail: dict[str, Exception] = {}
        self.rows, self.model_rows, self.split_made = people, models, split
        self.picture_rows: tuple[PictureRow, ...] = ()
        self.changes: list[tuple[Trashed, tuple[PersonRow, ...]]] = []
        """What is in the trash, newest first, each with the rows that undoing it brings back."""
        self.consents: dict[str, Consent] = {}
        self.due: dict[str, int] = {}
        self.other = ""
        self.evaluations: dict[str, EvaluateDone] = {}
        self.doubts: Doubts | None = None
        self.answers: list[Answers] = []
        self.names: tuple[RosterRow, ...] = ()
        self.findings: tuple[Finding, ...] = ()
        self.keeping = False
        self.waiting: tuple[UnknownGroup, ...] = ()
        self.undone: tuple[tuple[str, tuple[UnknownGroup, ...]], ...] = ()
        self.started = threading.Event()
        self.closed = threading.Event()
        self.hold_close = threading.Event()
        self.hold_close.set()
        self._jobs: dict[Job, str] = {}
        self._queue: queue.Queue[Event | Callable[[], None] | None] = queue.Queue()
        self._listener: Listener = lambda event: None

    @property
    def running(self) -> frozenset[Job]:
        return frozenset(self._jobs)

    def hold(self, other: FakeDesk) -> None:
        """Become as `other` is, without another start: the app goes on with this one."""
        kept = {name: getattr(self, name) for name in ("_queue", "_listener", "started")}
        self.__dict__ = vars(other) | kept

    def asked(self, name: str) -> list[object]:
        return [argument for call, argument in self.calls if call == name]

    # --- events from another thread ------------------------------------------------------

    def start(self, listener: Listener) -> None:
        self._record("start", None)
        self._listener = listener
        threading.Thread(target=self._play, daemon=True).start()
        self.started.set()

    def emit(self, *events: Event | Callable[[], None]) -> None:
        """Hand events (or calls, e.g. a pause) to the engine thread."""
        for event in events:
            self._queue.put(event)

    def _play(self) -> None:
        while (event := self._queue.get()) is not None:
            if isinstance(event, Event):
                if isinstance(event, JobEnded):
                    self._jobs.pop(event.job, None)  # type: ignore[call-overload]
                self._listener(event)
            else:
                event()

    def close(self) -> None:
        self._record("close", None)
        self.hold_close.wait(30)
        self.end()
        self.closed.set()

    def end(self) -> None:
        """End the thread, which would keep the app of every test alive."""
        self._queue.put(None)

    # --- quick calls ---------------------------------------------------------------------

    def people(self) -> tuple[PersonRow, ...]:
        self._record("people", None)
        return self.rows

    def pictures(self, person: str) -> tuple[PictureRow, ...]:
        self._record("pictures", person)
        return self.picture_rows

    def rename(self, old: str, new: str) -> None:
        self._record("rename", (old, new))
        self._row(old)
        if "/" in new:
            raise NameInvalid("The name holds a slash", repr(new), "Leave it out.")
        if new != old and any(row.name == new for row in self.rows):
            raise NameTaken("This name is taken", new)
        self.rows = tuple(replace(r, name=new) if r.name == old else r for r in self.rows)

    def current_split(self) -> SplitDone | None:
        self._record("current_split", None)
        return self.split_made

    def split(self, request: SplitRequest) -> SplitDone:
        self._record("split", request)
        shares = (request.train, request.validation, request.test)
        if sum(shares) > 1.000001:
            raise UsageError("The shares are impossible", str(shares))
        if not any(row.pictures for row in self.rows):
            raise NoPictures("Nobody has pictures")
        counts = {
            row.name: {
                part: round(row.pictures * share) for part, share in zip(PARTS, shares, strict=True)
            }
            for row in self.rows
        }
        self.split_made = SplitDone(
            **{part: sum(c[part] for c in counts.values()) for part in PARTS},
            people=counts,
            warnings=tuple(
                Warned("few_pictures", row.name, (row.pictures, 10))
                for row in self.rows
                if row.pictures < 10
            ),
            mode="blocks",
            seed=request.seed,
            shares=shares,
        )
        return self.split_made

    def models(self) -> tuple[ModelRow, ...]:
        self._record("models", None)
        return self.model_rows

    def promote(self, model: str) -> None:
        self._record("promote", model)
        self.model_rows = tuple(replace(row, current=row.id == model) for row in self.model_rows)

    def rollback(self) -> str:
        self._record("rollback", None)
        if not self.model_rows:
            raise NoModel("No model was in use before", "none is stored")
        self.promote(self.model_rows[-1].id)
        return self.model_rows[-1].id

    def person_facts(self, name: str) -> PersonFacts:
        self._record("person_facts", name)
        return facts(self._row(name), self.consents.get(name))

    def delete_people(self, names: Sequence[str]) -> Trashed:
        self._record("delete_people", tuple(names))
        for name in names:
            self._row(name)
        left = tuple(row for row in self.rows if row.name not in names)
        return self._change(f"Deleted {', '.join(names)}", f"{', '.join(names)}: back", left)

    def delete_pictures(self, name: str, chosen: Sequence[str]) -> Trashed:
        self._record("delete_pictures", (name, tuple(chosen)))
        return self._change(f"Deleted pictures of {name}", f"{name} has them again", self.rows)

    def merge(self, source: str, target: str) -> Trashed:
        self._record("merge", (source, target))
        self._row(target)
        self._row(source)
        left = tuple(row for row in self.rows if row.name != source)
        return self._change(f"Merged {source} into {target}", f"{source} is a person again", left)

    def move_pictures(self, name: str, chosen: Sequence[str], to: str) -> Trashed:
        self._record("move_pictures", (name, tuple(chosen), to))
        return self._change(f"Moved to {to}", f"{name} has them again", self.rows)

    def note_consent(self, name: str, by: str, text_version: str) -> None:
        self._record("note_consent", (name, by, text_version))
        self._row(name)
        if not by.strip():
            raise DataError("Consent needs a witness", "", "Say who asked and noted it.")
        when = "2026-11-24T10:00:00+00:00"
        self.consents[name] = Consent(by=by, at=when, text_version=text_version)

    def withdraw_consent(self, name: str) -> None:
        self._record("withdraw_consent", name)
        self._row(name)
        if name not in self.consents or not self.consents[name].given:
            raise DataError("There is no consent to withdraw", name)
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

    def _row(self, name: str) -> PersonRow:
        for each in self.rows:
            if each.name == name:
                return each
        raise PersonNotFound("Nobody of this name is enrolled", name)

    def _change(self, title: str, back: str, rows: tuple[PersonRow, ...]) -> Trashed:
        number = len(self.changes) + 1
        done = Trashed(f"20261124-100000-{number:03d}", title, back, "2026-11-24T10:00:00+00:00")
        self.changes.insert(0, (done, self.rows))
        self.rows = rows
        return done

    def roster(self) -> tuple[RosterRow, ...]:
        return self.names

    def add_to_roster(self, source: str) -> Added:
        self.names = (*self.names, row("Ada"), row("Grace"))
        return Added(("Ada", "Grace"), ("Bob is enrolled already, as Bob",))

    # --- unknown people ------------------------------------------------------------------

    def other_desk(self) -> str:
        self._record("other_desk", None)
        return self.other

    def picture(self, path: str) -> bytes:
        self._record("picture", path)
        return png()

    def unknown(self) -> UnknownView:
        self._record("unknown", None)
        undo = self.undone[-1][0] if self.undone else ""
        return UnknownView(keeping=self.keeping, days=7, groups=self.waiting, undo=undo)

    def unknown_switch(self, on: bool) -> None:
        self._record("unknown_switch", on)
        self.keeping = on

    def unknown_assign(
        self, sightings: Sequence[str], name: str, *, new: bool, consent: str = ""
    ) -> str:
        self._record("unknown_assign", (tuple(sightings), name, new, consent))
        return self._choice(f"Unknown is {name}", sightings)

    def unknown_stranger(self, sightings: Sequence[str], not_person: str = "") -> str:
        self._record("unknown_stranger", (tuple(sightings), not_person))
        return self._choice(
            f"Unknown: {'Not ' if not_person else 'Ignored'}{not_person}", sightings
        )

    def unknown_delete(self, sightings: Sequence[str]) -> str:
        self._record("unknown_delete", tuple(sightings))
        return self._choice("Deleted unknown", sightings)

    def unknown_split(self, sightings: Sequence[str], group: Sequence[str]) -> str:
        self._record("unknown_split", (tuple(sightings), tuple(group)))
        title = f"Split off {len(sightings)} of {len(group)} unknown"
        self.undone = (*self.undone, (title, self.waiting))
        whole = next(g for g in self.waiting if g.sightings == tuple(group))
        rest = [id for id in group if id not in sightings]
        others = [g for g in self.waiting if g is not whole]
        self.waiting = (whole.only(sightings), whole.only(rest), *others)
        return title

    def unknown_undo(self) -> str:
        self._record("unknown_undo", None)
        if not self.undone:
            raise NothingToUndo("There is nothing to undo", "no choice was made here lately")
        (title, self.waiting), self.undone = self.undone[-1], self.undone[:-1]
        return title

    def unknown_purge(self) -> int:
        self._record("unknown_purge", None)
        return 0

    def _choice(self, title: str, sightings: Sequence[str]) -> str:
        self.undone = (*self.undone, (title, self.waiting))
        left = ((g, [id for id in g.sightings if id not in sightings]) for g in self.waiting)
        self.waiting = tuple(group.only(ids) for group, ids in left if ids)
        return title

    def doctor(self) -> tuple[Finding, ...]:
        self._record("doctor", None)
        return self.findings

    # --- jobs ----------------------------------------------------------------------------

    def enrol(self, request: EnrolRequest) -> None:
        self._record("enrol", request)
        if "/" in request.person:
            raise NameInvalid("This name cannot be used", "it holds a slash", "Leave it out.")
        self._begin("enrol", f"Enrolling {request.person} from {request.source}")

    def answer_twin(self, choice: TwinChoice) -> None:
        self._record("answer_twin", choice)

    def answer_face(self, choice: FaceAnswer) -> None:
        self._record("answer_face", choice)

    def import_pictures(self, request: ImportRequest) -> None:
        self._record("import", request)
        self._begin("import", f"Importing {request.folder}")

    def train(self, request: TrainRequest) -> None:
        self._record("train", request)
        self._begin("train", f"Training recipe {request.recipe}")

    def evaluate(self, request: EvaluateRequest) -> None:
        self._record("evaluate", request)
        self._begin("evaluate", "Evaluating the model")

    def recognise(self, request: RecogniseRequest) -> None:
        self._record("recognise", request)
        self._begin("recognise", f"Recognising from {request.source}")

    def check(self, request: CheckRequest) -> None:
        self._record("check", request)
        self._begin("check", f"Measuring {request.source}")

    def why(self, track: int | None) -> None:
        self._record("why", track)

    def preview(self, wish: PreviewWish) -> None:
        self._record("preview", wish)

    def stop(self, job: Job) -> None:
        self._record("stop", job)
        self.emit(JobEnded(job=job, outcome="stopped"))

    def cancel(self, job: Job) -> None:
        self._record("cancel", job)
        self.emit(JobEnded(job=job, outcome="cancelled"))

    def _begin(self, job: Job, title: str) -> None:
        if job in self._jobs:
            raise DataError("Already running", f"{job} is under way")
        if job in CAMERA_JOBS and any(other in CAMERA_JOBS for other in self._jobs):
            raise SourceBusy("The camera is in use", "by another job", "Esc ends it.")
        self._jobs[job] = title
        self.emit(JobStarted(job=job, title=title))

    def _record(self, name: str, argument: object) -> None:
        self.calls.append((name, argument))
        if name in self.fail:
            raise self.fail[name]

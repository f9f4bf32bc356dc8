"""A desk without an engine: records what is asked of it, and plays events from a real thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fake_checkup import FakeCheckup
from fake_people import FakePeople
from fake_roster import FakeRoster
from fake_unknown import FakeUnknown

from engine.contract import (
    Captured,
    EpochDone,
    Event,
    FaceAnswer,
    FaceSeen,
    JobEnded,
    JobStarted,
    SourceOpened,
    SplitDone,
    TwinChoice,
)
from engine.contract.desk import Listener
from engine.contract.errors import DataError, FacedeskError, NameInvalid, SourceBusy
from engine.contract.requests import (
    CAMERA_JOBS,
    EnrolRequest,
    EvaluateRequest,
    ImportRequest,
    Job,
    ModelRow,
    PersonRow,
    PictureRow,
    PreviewWish,
    RecogniseRequest,
    SplitRequest,
    TrainRequest,
)
from engine.settings import Settings


def person(name: str, pictures: int = 30, **fields: object) -> PersonRow:
    row = PersonRow(
        name=name,
        slug=name.lower().replace(" ", "-"),
        created="2026-11-24T09:30:00+00:00",
        pictures=pictures,
        sessions=1,
        in_model="no",
    )
    return replace(row, **fields)  # type: ignore[arg-type]


def model(id: str = "20261124-093000", **fields: object) -> ModelRow:
    row = ModelRow(
        id=id,
        recipe="head",
        created="2026-11-24T09:45:00+00:00",
        people=2,
        epochs=12,
        best_epoch=9,
        threshold=0.18,
        val_accuracy=1.0,
        current=False,
    )
    return replace(row, **fields)  # type: ignore[arg-type]


class FakeDesk(FakeUnknown, FakeCheckup, FakeRoster, FakePeople):
    """Jobs start and end as told. `fail` maps a call's name to the error it raises."""

    def __init__(
        self,
        people: tuple[PersonRow, ...] = (),
        models: tuple[ModelRow, ...] = (),
        split: SplitDone | None = None,
        workspace: Path = Path("/srv/facedesk/data"),
    ) -> None:
        super().__init__()
        self.workspace = workspace
        self.settings = Settings()
        self.calls: list[tuple[str, object]] = []
        self.fail: dict[str, Exception] = {}
        self.rows, self.model_rows, self.split_made = people, models, split
        self.picture_rows: tuple[PictureRow, ...] = ()
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
        self.rows = tuple(replace(r, name=new) if r.name == old else r for r in self.rows)

    def current_split(self) -> SplitDone | None:
        self._record("current_split", None)
        return self.split_made

    def split(self, request: SplitRequest) -> SplitDone:
        self._record("split", request)
        shares = (request.train, request.validation, request.test)
        counts = {
            row.name: {
                part: round(row.pictures * share)
                for part, share in zip(("train", "validation", "test"), shares, strict=True)
            }
            for row in self.rows
        }
        self.split_made = SplitDone(
            **{part: sum(c[part] for c in counts.values()) for part in counts_parts()},
            people=counts,
            warnings=tuple(
                f"{row.name} has only {row.pictures} pictures"
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
        self.promote(self.model_rows[-1].id)
        return self.model_rows[-1].id

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


def counts_parts() -> tuple[str, str, str]:
    return ("train", "validation", "test")


def busy() -> FacedeskError:
    return SourceBusy("The camera is in use", "by another program", "Close it and try again.")


# --- events with everything a test does not care about filled in ---------------------------


def opened(source: str = "demo:collins", *, demo: bool = True) -> SourceOpened:
    return SourceOpened(
        source=source, kind="demo", width=640, height=480, fps=30.0, live=True, demo=demo
    )


def captured(n: int, target: int = 30, name: str = "Ada Lovelace") -> Captured:
    return Captured(
        person=name,
        session="s1",
        captured=n,
        target=target,
        file=f"{n:04d}.png",
        frame=n * 3,
        box=(200, 120, 180, 180),
        brightness=121.0,
        sharpness=412.0,
    )


def epoch(n: int, best: int, epochs: int = 12, **fields: float) -> EpochDone:
    event = EpochDone(
        epoch=n,
        epochs=epochs,
        loss=1.2 / n,
        accuracy=1 - 0.5 / n,
        val_loss=1.4 / n + 0.05,
        val_accuracy=1 - 0.6 / n,
        learning_rate=1e-3,
        seconds=1.4,
        best=best,
        tpir=1 - 0.2 / n,
        fpir=0.02 / n,
    )
    return replace(event, **fields)


def face(
    decision: str,
    person: str | None = None,
    *,
    track: int = 1,
    score: float = 0.41,
    stale: bool = False,
    candidate: str = "Ada Lovelace",
) -> FaceSeen:
    return FaceSeen(
        source="demo:collins",
        frame=1,
        seconds=0.1,
        box=(200, 120, 180, 180),
        track=track,
        candidate=candidate,
        score=score,
        threshold=0.18,
        runner_up=None,
        runner_up_score=0.0,
        person=person,
        decision=decision,
        votes=6,
        of=7,
        stale=stale,
        milliseconds=31.0,
    )

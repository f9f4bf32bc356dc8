"""Children that die in native code or hang, in each job of a real desk: told, replaced, no loss."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.config import load_settings
from engine.contract import (
    Captured,
    FaceSeen,
    FeaturesProgress,
    ImportProgress,
    JobStarted,
    Notice,
    ProcessDied,
)
from engine.contract.requests import (
    CheckRequest,
    EnrolRequest,
    EvaluateRequest,
    ImportRequest,
    RecogniseRequest,
    TrainRequest,
)
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from tests.desk.desk_driver import Collector, started, wait_unlocked
from tests.templates import COLLINS, HOPPER, NO_VIEWS, copy_of

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


class Trial:
    """A started desk on two people and a model; knows its processes as they are replaced."""

    def __init__(self, workspace: Workspace, **limits: float) -> None:
        self.workspace = workspace
        self.desk = LocalDesk(workspace, load_settings(training=NO_VIEWS, processes=limits))
        self.heard: Collector = started(self.desk)

    def strike(self, process: str, number: signal.Signals) -> None:
        """Send the present process of this name a signal."""
        os.kill(self.desk._processes.children[process].pid, number)

    def enrol(self, name: str, source: str, count: int) -> None:
        self.desk.enrol(EnrolRequest(person=name, source=source, count=count, pace="fast"))

    def kept(self) -> tuple[Any, ...]:
        """What must not be lost: each picture file that is whole, and the model in use."""
        models = [row.id for row in self.desk.models() if row.current and not row.damaged]
        return {row.name: row.pictures for row in self.desk.people()}, models


@pytest.fixture(scope="module")
def workspace(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return copy_of(demo_trained, tmp_path_factory.mktemp("jobs") / "workspace")


@pytest.fixture(scope="module")
def trial(workspace: Workspace) -> Iterator[Trial]:
    made = Trial(workspace)
    yield made
    made.desk.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many pictures of one person to import."""
    made = tmp_path_factory.mktemp("in") / "Ada Lovelace"
    made.mkdir()
    for number in range(60):
        shutil.copy(DEMO / "collins.png", made / f"{number:03d}.png")
    return made.parent


def begin(trial: Trial, job: str, folder: Path) -> None:
    """Begin a job and wait until it is well under way."""
    desk, heard = trial.desk, trial.heard
    match job:
        case "enrol":
            desk.enrol(EnrolRequest(person=COLLINS, source="demo:collins", count=9_000))
            heard.wait(Captured)
        case "import":
            desk.import_pictures(ImportRequest(folder=str(folder)))
            heard.wait(ImportProgress)
        case "check":
            desk.check(CheckRequest(source="demo:collins"))
            heard.wait(JobStarted)
        case "train":
            desk.train(TrainRequest(options={"epochs": 1000}))
            heard.wait(FeaturesProgress)
        case "evaluate":
            desk.evaluate(EvaluateRequest())
            heard.wait(JobStarted)
        case "recognise":
            desk.recognise(RecogniseRequest(source="demo:collins"))
            heard.wait(FaceSeen)


@pytest.mark.parametrize(
    ("job", "process", "number"),
    [
        ("enrol", "camera", signal.SIGSEGV),
        ("import", "camera", signal.SIGBUS),
        ("check", "camera", signal.SIGILL),
        ("train", "model", signal.SIGSEGV),
        ("evaluate", "model", signal.SIGABRT),
        ("recognise", "model", signal.SIGBUS),
        ("recognise", "camera", signal.SIGSEGV),
    ],
)
def test_a_child_that_dies_in_native_code_fails_its_job_alone(
    trial: Trial, folder: Path, job: str, process: str, number: signal.Signals
) -> None:
    pictures, models = trial.kept()
    trial.heard.forget()
    begin(trial, job, folder)
    trial.strike(process, number)
    died = trial.heard.wait(ProcessDied)
    assert died.process == process
    # A library's own handler may end the process by another signal than the one it was sent.
    assert "a fault in native code" in died.cause
    ended = trial.heard.wait_end(job)
    assert (ended.outcome, bool(ended.title and ended.hint)) == ("failed", True)
    assert trial.desk.running == frozenset()
    after, still = trial.kept()
    assert still == models
    assert all(after[name] >= count for name, count in pictures.items())
    trial.heard.forget()
    trial.enrol(HOPPER, "demo:hopper", 1)
    assert trial.heard.wait_end("enrol").outcome == "done"


@pytest.mark.long
def test_a_camera_process_that_hangs_in_a_capture_is_told_and_replaced(
    workspace: Workspace, trial: Trial
) -> None:
    wait_unlocked(workspace)
    hasty = Trial(workspace, silent_seconds=6)
    try:
        pictures = hasty.kept()[0][COLLINS]
        hasty.enrol(COLLINS, "demo:collins", 9_000)
        kept = hasty.heard.wait(Captured, lambda event: event.captured >= 3).captured
        hasty.strike("camera", signal.SIGSTOP)
        assert "has not answered" in hasty.heard.wait(Notice).text
        ended = hasty.heard.wait_end("enrol")
        assert (ended.outcome, ended.title) == ("failed", "The camera process hung")
        assert "silent_seconds" in ended.hint
        assert hasty.kept()[0][COLLINS] >= pictures + kept
        hasty.heard.forget()
        hasty.enrol(COLLINS, "demo:collins", 1)
        assert hasty.heard.wait_end("enrol").outcome == "done"
    finally:
        hasty.desk.close()


def test_a_model_process_over_its_memory_limit_leaves_the_capture_alone(
    workspace: Workspace, trial: Trial
) -> None:
    wait_unlocked(workspace)
    narrow = Trial(workspace, most_megabytes=130)  # a camera process takes half of it
    try:
        narrow.enrol(COLLINS, "demo:collins", 9_000)
        died = narrow.heard.wait(ProcessDied)
        assert (died.process, "too much memory" in died.cause) == ("model", True)
        seen = len(narrow.heard.of(Captured))
        narrow.heard.wait(Captured, lambda event: event.captured > seen)
        narrow.desk.cancel("enrol")
        assert narrow.heard.wait_end("enrol").outcome == "cancelled"
    finally:
        narrow.desk.close()

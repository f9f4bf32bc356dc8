"""LocalDesk with its real model process: training, recognition, cancel and death in the middle."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_driver import Collector, OneDesk, started

from engine.config import load_settings
from engine.contract import (
    Captured,
    EpochDone,
    FaceSeen,
    FeaturesProgress,
    JobEnded,
    ProcessDied,
    ProcessReady,
    RecogniseDone,
    TrainDone,
)
from engine.contract.errors import SourceNotFound
from engine.contract.requests import EnrolRequest, RecogniseRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from tests.templates import COLLINS, HOPPER, copy_of

NO_VIEWS = {"views": 0, "patience": 1000}
"""Augmented views would cost two thirds of the time, and these tests are not about them. A training
that is to be ended in its midst ends by itself on no machine."""
ENDLESS = TrainRequest(recipe="classic", options={"epochs": 1000})


@pytest.fixture(scope="module")
def one_desk(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneDesk]:
    """A desk on a workspace in which both demo portraits are enrolled, and a model is in use."""
    workspace = copy_of(demo_trained, tmp_path_factory.mktemp("desk") / "workspace")
    made = OneDesk(workspace, load_settings(training=NO_VIEWS))
    yield made
    made.close()


@pytest.fixture
def desk(running: OneDesk) -> LocalDesk:
    return running.desk


def train(desk: LocalDesk, collector: Collector) -> TrainDone:
    """Train the default recipe to its end."""
    desk.train(TrainRequest(options={"epochs": 3}))
    assert collector.wait_end("train").outcome == "done"
    return collector.of(TrainDone)[-1]


def in_use(desk: LocalDesk) -> list[str]:
    """The model in use."""
    return [row.id for row in desk.models() if row.current]


def test_training_reports_epochs_and_puts_the_model_in_use(
    desk: LocalDesk, collector: Collector
) -> None:
    done = train(desk, collector)
    assert [event.epoch for event in collector.of(EpochDone)] == list(range(1, done.epochs + 1))
    assert done.people == (COLLINS, HOPPER)
    assert in_use(desk) == [done.model]
    assert {row.in_model for row in desk.people()} == {"yes"}


@pytest.mark.long
def test_a_capture_leaves_features_to_the_training_that_follows(workspace: Workspace) -> None:
    desk = LocalDesk(workspace, load_settings(training=NO_VIEWS))
    collector = started(desk)
    try:
        desk.enrol(EnrolRequest(person=HOPPER, source="demo:hopper", count=9_000))
        collector.wait(Captured, lambda event: list(workspace.features.rglob("*.npz")))
        desk.stop("enrol")
        assert collector.wait_end("enrol").outcome == "stopped"
        train(desk, collector)
    finally:
        desk.close()
    told = [event for event in collector.of(FeaturesProgress) if event.done == event.total]
    assert told[-1].cached > 0


def test_a_clip_is_recognised_through_both_processes(desk: LocalDesk, collector: Collector) -> None:
    desk.recognise(RecogniseRequest(source="demo:hopper?seed=5&frames=40", pace="fast"))
    assert collector.wait_end("recognise").outcome == "done"
    done = collector.of(RecogniseDone)[0]
    faces = collector.of(FaceSeen)
    assert done.frames == 40
    assert done.faces == len(faces) > 0
    assert {face.person for face in faces if face.decision == "known"} == {HOPPER}


def test_recognition_of_a_live_source_is_stopped_in_order(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(RecogniseRequest(source="demo:collins"))
    collector.wait(FaceSeen)
    desk.stop("recognise")
    assert collector.wait_end("recognise").outcome == "stopped"
    assert collector.of(RecogniseDone)[0].faces > 0


def test_recognition_can_be_cancelled_while_the_model_still_loads(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(RecogniseRequest(source="demo:collins"))
    desk.cancel("recognise")
    assert collector.wait_end("recognise").outcome == "cancelled"
    collector.forget()
    desk.recognise(RecogniseRequest(source="demo:collins?frames=10", pace="fast"))
    assert collector.wait_end("recognise").outcome == "done"


def test_a_source_that_fails_ends_recognition_once(
    desk: LocalDesk, collector: Collector, tmp_path: Path
) -> None:
    rubbish = tmp_path / "rubbish.mp4"
    rubbish.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(SourceNotFound):  # what is not there begins no job
        desk.recognise(RecogniseRequest(source="/nowhere.mp4"))
    desk.recognise(RecogniseRequest(source=str(rubbish)))
    ended = collector.wait_end("recognise")
    assert (ended.outcome, ended.exit_code) == ("failed", 3)
    desk.recognise(RecogniseRequest(source="demo:collins?frames=10", pace="fast"))
    collector.wait(JobEnded, lambda event: event.outcome == "done")
    assert len(collector.of(JobEnded)) == 2


def test_a_cancelled_training_keeps_the_model_in_use(desk: LocalDesk, collector: Collector) -> None:
    before = in_use(desk)
    desk.train(ENDLESS)
    collector.wait(FeaturesProgress)
    desk.cancel("train")
    assert collector.wait_end("train").outcome == "cancelled"
    assert in_use(desk) == before


def test_a_stopped_training_keeps_its_best_epoch(desk: LocalDesk, collector: Collector) -> None:
    desk.train(ENDLESS)
    collector.wait(EpochDone)
    desk.stop("train")
    assert collector.wait_end("train").outcome == "stopped"
    (done,) = collector.of(TrainDone)
    assert 1 <= done.best_epoch <= done.epochs < ENDLESS.options["epochs"]
    assert done.model in {row.id for row in desk.models()}


@pytest.mark.long
def test_a_training_cut_short_by_the_end_of_the_desk_leaves_no_model(
    desk: LocalDesk, collector: Collector
) -> None:
    before = desk.models()
    desk.train(ENDLESS)
    collector.wait(EpochDone)
    desk.close()
    assert desk.models() == before


@pytest.mark.long
def test_a_model_process_killed_in_training_is_replaced_and_loses_nothing(
    running: OneDesk, desk: LocalDesk, collector: Collector
) -> None:
    before = in_use(desk)
    pictures = [row.pictures for row in desk.people()]
    desk.train(ENDLESS)
    collector.wait(FeaturesProgress)
    os.kill(running.pid("model"), signal.SIGKILL)
    assert collector.wait(ProcessDied).process == "model"
    assert collector.wait_end("train").outcome == "failed"
    assert in_use(desk) == before
    assert [row.pictures for row in desk.people()] == pictures
    collector.forget()
    assert [train(desk, collector).model] == in_use(desk) != before


@pytest.mark.long
def test_a_camera_process_killed_in_recognition_fails_that_job_only(
    running: OneDesk, desk: LocalDesk, collector: Collector
) -> None:
    collector.forget()
    desk.recognise(RecogniseRequest(source="demo:collins"))
    collector.wait(FaceSeen)
    os.kill(running.pid("camera"), signal.SIGKILL)
    assert collector.wait_end("recognise").outcome == "failed"
    collector.forget()
    desk.recognise(RecogniseRequest(source="demo:collins?frames=10", pace="fast"))
    assert collector.wait_end("recognise").outcome == "done"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
@pytest.mark.long
def test_tensorflow_leaves_the_memory_with_the_training_that_needed_it(
    running: OneDesk, desk: LocalDesk, collector: Collector
) -> None:
    desk.train(TrainRequest(recipe="classic", options={"epochs": 1}))
    collector.wait(FeaturesProgress)
    before = running.pid("model")
    assert collector.wait_end("train").outcome == "done"
    fresh = collector.wait(
        ProcessReady, lambda ready: ready.process == "model" and ready.pid != before
    )
    assert code_megabytes(fresh.pid) < 400  # TensorFlow alone is more
    assert not collector.of(ProcessDied)
    assert gone(before)


def code_megabytes(pid: int) -> float:
    """Size of the libraries that a process has loaded."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmLib:\s+(\d+) kB", status, re.M)[1]) / 1024


def gone(pid: int, seconds: float = 120) -> bool:
    """Whether a process ends within so many seconds."""
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not Path(f"/proc/{pid}").exists()


def test_closing_in_the_middle_of_a_recognition_starts_no_process_again(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(RecogniseRequest(source="demo:collins"))
    collector.wait(FaceSeen)
    desk.close()
    assert not desk._processes.children

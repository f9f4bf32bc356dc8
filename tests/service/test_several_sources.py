"""LocalDesk with several sources: what fails, and which processes are left afterwards."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from desk_driver import Collector, started

from engine.config import load_settings
from engine.events import FaceSeen, JobEnded, ProcessReady, SourceOpened
from engine.service.client import LocalDesk
from engine.service.protocol import EnrolRequest, RecogniseRequest, TrainRequest
from engine.workspace import Workspace

pytestmark = pytest.mark.slow

NO_VIEWS = {"views": 0}
"""Augmented views would cost two thirds of the time, and these tests are not about them."""
TWO = RecogniseRequest(source="demo:collins", beside=("demo:hopper?seed=5",))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("several") / "workspace")
    workspace.prepare()
    desk = LocalDesk(workspace, load_settings(training=NO_VIEWS))
    collector = started(desk)
    for name, source in (("Eileen Collins", "demo:collins"), ("Grace Hopper", "demo:hopper")):
        collector.forget()
        desk.enrol(EnrolRequest(person=name, source=source, count=10, pace="fast"))
        assert collector.wait_end("enrol").outcome == "done"
    desk.train(TrainRequest(epochs=2))
    assert collector.wait_end("train").outcome == "done"
    desk.close()
    return workspace


@pytest.fixture
def desk(trained: Workspace) -> LocalDesk:
    return LocalDesk(trained, load_settings(training=NO_VIEWS))


@pytest.fixture
def collector(desk: LocalDesk) -> Collector:
    heard = started(desk)
    yield heard
    desk.close()


def cameras(collector: Collector) -> list[int]:
    return [event.pid for event in collector.of(ProcessReady) if event.process == "camera"]


def gone(pid: int) -> bool:
    """Whether a process has ended; waits a few seconds for it."""
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


def both_seen(collector: Collector) -> None:
    for source in ("demo:collins", "demo:hopper?seed=5"):
        collector.wait(FaceSeen, lambda event, source=source: event.source == source)


def test_stopping_ends_all_sources_and_the_further_process(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(TWO)
    both_seen(collector)
    first, further = cameras(collector)
    desk.stop("recognise")
    assert collector.wait_end("recognise").outcome == "stopped"
    assert gone(further)
    assert Path(f"/proc/{first}").exists()


def test_one_source_that_cannot_be_opened_ends_all_with_its_error(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(RecogniseRequest(source="demo:collins", beside=("/nowhere.mp4",)))
    ended = collector.wait_end("recognise")
    assert (ended.outcome, ended.exit_code) == ("failed", 3)
    collector.forget()
    desk.recognise(RecogniseRequest(source="demo:collins?frames=5", pace="fast"))
    collector.wait(SourceOpened)
    assert collector.wait(JobEnded).outcome == "done"


def test_further_process_that_is_killed_fails_the_job_once_and_the_desk_goes_on(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(TWO)
    both_seen(collector)
    os.kill(cameras(collector)[1], signal.SIGKILL)
    assert collector.wait_end("recognise").outcome == "failed"
    collector.forget()
    desk.recognise(RecogniseRequest(source="demo:collins?frames=5", pace="fast"))
    assert collector.wait(JobEnded).outcome == "done"

"""A session recorded through the real jobs, and run again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from desk_driver import started

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import (
    Captured,
    Event,
    Notice,
    RecordingEnded,
    RecordingStarted,
    Refused,
    ReplayDone,
)
from engine.contract.errors import SourceUnreadable
from engine.contract.requests import CheckRequest, EnrolRequest, ReplayRequest
from engine.desk.local import LocalDesk
from engine.jobs.enrol import enrol
from engine.jobs.recording import Recorder, compared, decisions, replay
from engine.workspace.folder import Workspace
from tests.templates import NO_VIEWS

REQUEST = EnrolRequest(person="Eileen Collins", source="demo:collins", count=6, pace="fast")


def record(workspace: Workspace, file: Path, **settings: object) -> list[Event]:
    """Enrol from the demo source and record it."""
    events: list[Event] = []
    used = load_settings(**settings)
    with (
        workspace.writer("test"),
        Recorder(file, workspace, used).recording("enrol", REQUEST, events.append) as (
            request,
            emit,
        ),
    ):
        enrol(workspace, used, request, Cancel(), emit)
    return events


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """An enrolment's recording, and what the enrolment told."""
    folder = tmp_path_factory.mktemp("recorded")
    workspace = Workspace(folder / "workspace")
    workspace.prepare()
    then = record(workspace, folder / "a")
    return folder / "a.fdrec", then


@pytest.fixture
def recorded(once: tuple[Path, list[Event]], tmp_path: Path) -> Path:
    """A copy of the recording, to be changed."""
    return shutil.copytree(once[0], tmp_path / "a.fdrec")


@pytest.fixture
def then(once: tuple[Path, list[Event]]) -> list[Event]:
    return once[1]


def never(*given: object) -> None:
    raise AssertionError("an enrolment recognises nobody")


def play(workspace: Workspace, file: Path, **request: str) -> tuple[ReplayDone, list[Event]]:
    events: list[Event] = []
    asked = ReplayRequest(file=str(file), **request)
    return replay(workspace, load_settings(), asked, Cancel(), events.append, never), events


def judged(events: list[Event]) -> list[tuple[object, ...]]:
    return [
        (type(e).__name__, e.frame, e.box, getattr(e, "reason", ""), getattr(e, "value", 0))
        for e in events
        if isinstance(e, Captured | Refused)
    ]


def test_a_replay_captures_and_refuses_exactly_the_same_frames(
    workspace: Workspace, recorded: Path, then: list[Event]
) -> None:
    done, now = play(workspace, recorded)
    assert len(judged(then)) > 6
    assert judged(now) == judged(then)
    assert (done.agree, done.differ, done.lost) == (done.decisions, 0, 0)
    assert done.frames == done.decisions == len(judged(then))
    assert done.to_json()["agreement"] == 1


def test_a_replay_writes_no_pictures_unless_told_whose(
    workspace: Workspace, tmp_path: Path
) -> None:
    record(workspace, tmp_path / "a")
    before = sorted(workspace.people.rglob("*"))
    play(workspace, tmp_path / "a.fdrec")
    assert sorted(workspace.people.rglob("*")) == before
    with workspace.writer("test"):
        play(workspace, tmp_path / "a.fdrec", into="Somebody Else")
    assert len(list(workspace.people.glob("somebody-else*/*/*.png"))) == 6


def test_a_replay_decides_by_the_recordings_own_settings_and_says_so(
    workspace: Workspace, tmp_path: Path
) -> None:
    then = record(workspace, tmp_path / "a", gates={"min_change": 0.0})
    done, now = play(workspace, tmp_path / "a.fdrec")
    assert judged(now) == judged(then)
    assert done.agree == done.decisions
    assert any("gates" in e.text for e in now if isinstance(e, Notice))


def test_another_decision_is_told_with_its_frame(workspace: Workspace, recorded: Path) -> None:
    events = recorded / "events.jsonl"
    text = events.read_text().replace('"reason": "duplicate"', '"reason": "blurred"', 1)
    events.write_text(text)
    done, _ = play(workspace, recorded)
    assert done.differ == 1
    ((_, then, now),) = done.first
    assert (then, now) == ("refused, blurred", "refused, duplicate")


def test_a_recording_that_breaks_off_is_used_up_to_there(
    workspace: Workspace, recorded: Path, then: list[Event]
) -> None:
    video = recorded / "frames.avi"
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    done, now = play(workspace, recorded)
    assert judged(now) == judged(then)[: len(judged(now))]
    assert done.damage
    assert done.agree + done.lost == done.decisions
    assert done.lost > 0


def test_a_recording_without_a_request_is_damaged(workspace: Workspace, recorded: Path) -> None:
    file = recorded / "session.json"
    session = json.loads(file.read_text())
    file.write_text(json.dumps({**session, "request": {}}))
    with pytest.raises(SourceUnreadable):
        play(workspace, recorded)


def test_what_has_no_counterpart_is_counted_apart() -> None:
    face = {"event": "face", "box": [1, 2, 3, 4], "person": None, "decision": "unknown"}
    then = decisions([{**face, "frame": 1}, {**face, "frame": 2}, {"event": "rate", "frame": 3}])
    now = decisions([{**face, "frame": 2, "person": "Ada"}, {**face, "frame": 4}])
    done = compared(then, now, file="", job="recognise", frames=4)
    assert (done.decisions, done.agree, done.differ, done.lost, done.new) == (2, 0, 1, 1, 1)


def test_the_app_records_each_camera_job_under_a_name_of_its_own(
    workspace: Workspace, tmp_path: Path
) -> None:
    desk = LocalDesk(workspace, load_settings(training=NO_VIEWS), tmp_path / "day")
    try:
        collector = started(desk)
        for file in ("day.fdrec", "day-2.fdrec"):
            collector.forget()
            desk.enrol(replace(REQUEST, count=2))
            assert collector.wait_end("enrol").outcome == "done"
            assert [e.file for e in collector.of(RecordingStarted)] == [str(tmp_path / file)]
            assert [e.file for e in collector.of(RecordingEnded)] == [str(tmp_path / file)]
        collector.forget()
        desk.check(CheckRequest(source="demo:collins"))
        collector.wait_end("check")
        assert not collector.of(RecordingStarted)
    finally:
        desk.close()
    done, _ = play(workspace, tmp_path / "day.fdrec")
    assert done.agree == done.decisions > 0
    assert sorted(path.name for path in tmp_path.glob("*.fdrec*")) == ["day-2.fdrec", "day.fdrec"]

"""LocalDesk with its real camera process: jobs, conflicts, deaths, the end."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from desk_driver import LONGEST, Collector, OneDesk, wait_unlocked
from PIL import Image

from engine.config import load_settings
from engine.contract import (
    HALF_BLOCK_RUN,
    Captured,
    EnrolDone,
    ImportDone,
    JobEnded,
    Notice,
    Preview,
    ProcessDied,
    SourceOpened,
)
from engine.contract.errors import (
    NameInvalid,
    NoModel,
    NoPictures,
    PersonNotFound,
    SourceBusy,
    SourceNotFound,
    WorkspaceLocked,
)
from engine.contract.messages import Hello
from engine.contract.requests import (
    EnrolRequest,
    ImportRequest,
    PreviewWish,
    RecogniseRequest,
    SplitRequest,
    TrainRequest,
)
from engine.desk.local import LocalDesk
from engine.desk.processes import Child
from engine.workspace.folder import Workspace

DEMO = EnrolRequest(person="Eileen Collins", source="demo:collins", count=5, pace="fast")
ENDLESS = EnrolRequest(person="Eileen Collins", source="demo:collins", count=9_000, pace="own")


class Running(OneDesk):
    """A desk that can enrol the demo's person, and rid itself of all people."""

    def enrol(self) -> None:
        self.desk.enrol(DEMO)
        assert self.heard.wait_end("enrol").outcome == "done"

    def ready(self) -> None:
        super().ready()
        if rows := self.desk.people():
            self.desk.delete_people([row.name for row in rows])


@pytest.fixture(scope="module")
def one_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One desk for all tests."""
    workspace = Workspace(tmp_path_factory.mktemp("client") / "workspace")
    workspace.prepare()
    made = Running(workspace, load_settings(training={"views": 0}))
    yield made
    made.close()


@pytest.fixture
def desk(running: Running) -> LocalDesk:
    return running.desk


# --- one capture, of which much is asked --------------------------------------------------------


@pytest.fixture(scope="module")
def captured(one_desk: Running) -> tuple[LocalDesk, Collector]:
    """A desk on which one person has been enrolled, and what it told; nobody changes it."""
    one_desk.enrol()
    return one_desk.desk, one_desk.heard


@pytest.fixture(scope="module")
def looked_at(one_desk: Running) -> Workspace:
    return one_desk.workspace


def test_enrolment_captures_pictures_in_the_camera_process(
    looked_at: Workspace, captured: tuple[LocalDesk, Collector]
) -> None:
    desk, collector = captured
    assert [event.captured for event in collector.of(Captured)] == [1, 2, 3, 4, 5]
    assert collector.of(EnrolDone)[0].ended == "complete"
    assert collector.of(SourceOpened)[0].demo
    assert len(list(looked_at.people.rglob("*.png"))) == 5
    assert desk.people()[0].pictures == 5


def test_without_a_wish_no_preview_is_sent(captured: tuple[LocalDesk, Collector]) -> None:
    assert not captured[1].of(Preview)


def test_a_persons_pictures_are_told_with_session_and_file(
    captured: tuple[LocalDesk, Collector],
) -> None:
    desk, collector = captured
    rows = desk.pictures("eileen collins")
    told = [(event.session, event.file) for event in collector.of(Captured)]
    assert [(row.session, row.file) for row in rows] == told
    assert all(Path(row.path).is_file() for row in rows)
    with pytest.raises(PersonNotFound):
        desk.pictures("Nobody")


def test_children_write_private_logs(
    looked_at: Workspace, captured: tuple[LocalDesk, Collector]
) -> None:
    mode = (looked_at.logs / "camera.log").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


# --- captures of their own ----------------------------------------------------------------------


def test_stop_keeps_what_was_captured(desk: LocalDesk, collector: Collector) -> None:
    desk.enrol(ENDLESS)
    collector.wait(Captured, lambda event: event.captured >= 2)
    desk.stop("enrol")
    assert collector.wait_end("enrol").outcome == "stopped"
    assert desk.people()[0].pictures == collector.of(EnrolDone)[0].captured >= 2


def test_cancel_gives_the_session_up_and_leaves_no_empty_person(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.enrol(ENDLESS)
    collector.wait(Captured)
    desk.cancel("enrol")
    assert collector.wait_end("enrol").outcome == "cancelled"
    assert desk.people() == ()
    desk.undo()
    given_up = collector.of(EnrolDone)[0].given_up
    assert desk.people()[0].pictures == given_up > 0


WISH = PreviewWish(columns=32, rows=12, level="normal", rate=8)


def test_a_running_capture_follows_the_wish_at_once(desk: LocalDesk, collector: Collector) -> None:
    desk.preview(WISH)
    desk.enrol(ENDLESS)
    preview = collector.wait(Preview)
    assert (preview.columns, preview.rows) == (32, 12)
    runs = HALF_BLOCK_RUN.iter_unpack(preview.cells)
    assert sum(length for length, _, _ in runs) == 32 * 12
    desk.preview(replace(WISH, columns=20))
    collector.wait(Preview, lambda event: event.columns == 20)
    desk.preview(PreviewWish())
    seen = len(collector.of(Captured))
    collector.wait(Captured, lambda event: event.captured > seen + 5)  # the wish has arrived
    before, seen = len(collector.of(Preview)), len(collector.of(Captured))
    collector.wait(Captured, lambda event: event.captured > seen + 15)
    assert len(collector.of(Preview)) == before
    desk.preview(WISH)
    count = len(collector.events)
    collector.wait(Preview, after=count)
    desk.cancel("enrol")
    collector.wait_end("enrol")


def test_a_camera_process_that_is_replaced_knows_the_wish(
    running: Running, desk: LocalDesk, collector: Collector
) -> None:
    first = running.pid("camera")
    desk.preview(WISH)
    os.kill(first, signal.SIGKILL)
    collector.wait(ProcessDied)
    desk.enrol(DEMO)
    collector.wait_end("enrol")
    assert collector.of(Preview)


def test_while_a_job_writes_no_other_has_its_camera_and_no_other_process_writes(
    running: Running, desk: LocalDesk, collector: Collector
) -> None:
    desk.enrol(ENDLESS)
    collector.wait(Captured)
    with pytest.raises(SourceBusy):
        desk.import_pictures(ImportRequest(folder="/nowhere"))
    with pytest.raises(SourceBusy):
        desk.enrol(DEMO)
    with pytest.raises(WorkspaceLocked), Workspace(running.workspace.root).writer("a second one"):
        pass
    desk.cancel("enrol")
    collector.wait_end("enrol")
    wait_unlocked(running.workspace)


def test_a_killed_camera_process_is_reported_and_replaced(
    running: Running, desk: LocalDesk, collector: Collector
) -> None:
    first = running.pid("camera")
    desk.enrol(ENDLESS)
    kept = collector.wait(Captured, lambda event: event.captured >= 3).captured
    os.kill(first, signal.SIGKILL)
    died = collector.wait(ProcessDied)
    assert died.process == "camera"
    assert died.restarting
    ended = collector.wait_end("enrol")
    assert ended.outcome == "failed"
    assert ended.hint
    assert desk.people()[0].pictures >= kept
    collector.forget()
    desk.enrol(DEMO)
    assert collector.wait_end("enrol").outcome == "done"


def test_a_source_that_does_not_exist_is_refused_with_its_cure(desk: LocalDesk) -> None:
    with pytest.raises(SourceNotFound) as refused:
        desk.enrol(EnrolRequest(person="Ada", source="/nowhere/clip.mp4", count=5))
    assert refused.value.hint
    assert desk.people() == ()


def test_a_source_that_cannot_be_opened_fails_the_job_with_its_cure(
    desk: LocalDesk, collector: Collector, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(bytes(range(256)) * 9)
    desk.enrol(EnrolRequest(person="Ada", source=str(clip), count=5))
    ended = collector.wait_end("enrol")
    assert (ended.outcome, ended.exit_code) == ("failed", 3)
    assert ended.hint
    assert desk.people() == ()


@pytest.mark.parametrize("redraw", [False, True])
def test_an_imported_division_is_kept_in_the_split_unless_told_otherwise(
    desk: LocalDesk, collector: Collector, tmp_path: Path, redraw: bool
) -> None:
    portraits = Path(__file__).resolve().parents[2] / "data" / "demo"
    portrait = Image.open(portraits / "collins.png").convert("RGB")
    for number, part in enumerate(("train", "train", "val", "test", "test", "test")):
        folder = tmp_path / "in" / part / "Eileen Collins"
        folder.mkdir(parents=True, exist_ok=True)
        portrait.rotate(number, fillcolor=(90, 90, 90)).save(folder / f"{number}.png")
    desk.import_pictures(ImportRequest(folder=str(tmp_path / "in"), redraw=redraw))
    assert collector.wait_end("import").outcome == "done"
    assert collector.of(ImportDone)[0].images == 6
    (told,) = (event.text for event in collector.of(Notice) if "division" in event.text)
    made = desk.split(SplitRequest(train=0.7, validation=0.15, test=0.15))
    parts = (made.train, made.validation, made.test)
    if redraw:
        assert told.endswith("is not kept: the split divides again.")
        assert (made.mode, parts) == ("blocks", (4, 1, 1))
    else:
        assert told == (
            "The folder's own division is kept in the split: train 2, validation 1, test 3."
        )
        assert (made.mode, parts) == ("own", (2, 1, 3))


def test_impossible_requests_are_refused_at_once(desk: LocalDesk) -> None:
    with pytest.raises(NameInvalid):
        desk.enrol(EnrolRequest(person="a/b", source="0", count=1))
    with pytest.raises(NoModel):
        desk.recognise(RecogniseRequest(source="demo:collins"))
    with pytest.raises(NoPictures):
        desk.train(TrainRequest())
    with pytest.raises(NoPictures):
        desk.split(SplitRequest(train=0.7, validation=0.15, test=0.15))
    assert desk.running == frozenset()


def test_people_are_renamed_split_and_deleted_without_a_child(
    running: Running, desk: LocalDesk
) -> None:
    running.enrol()
    desk.rename("Eileen Collins", "E. M. Collins")
    done = desk.split(SplitRequest(train=0.6, validation=0.2, test=0.2))
    assert sum(done.people["E. M. Collins"].values()) == 5
    assert desk.current_split() == done
    desk.delete_people(["E. M. Collins"])
    assert desk.people() == ()


def test_a_job_ends_exactly_once(running: Running, collector: Collector) -> None:
    running.enrol()
    collector.forget()
    running.enrol()
    assert len(collector.of(JobEnded)) == 1


def test_closing_ends_both_processes_even_in_the_middle_of_a_capture(
    running: Running, desk: LocalDesk, collector: Collector
) -> None:
    desk.enrol(ENDLESS)
    collector.wait(Captured)
    pids = [running.pid(process) for process in ("camera", "model")]
    desk.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not collector.of(ProcessDied)


def test_a_child_ends_by_itself_when_its_parent_is_gone(workspace: Workspace) -> None:
    ready = threading.Event()
    hello = Hello(workspace=str(workspace.root), settings=load_settings().as_json())
    logs = workspace.logs
    child = Child("camera", hello, logs, lambda *_: ready.set(), lambda *_: None, {})
    assert ready.wait(LONGEST)
    child._channel.close()
    assert child._process.wait(LONGEST) is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)

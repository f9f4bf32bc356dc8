"""Which processes watch the sources of a recognition."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, Notice
from engine.contract.errors import SourceNotFound
from engine.contract.requests import RecogniseRequest
from engine.desk.processes import is_further, process_name, starts
from engine.jobs.recording import Recorder
from engine.workspace.folder import Workspace
from tui.cli.recognise import watch

THREE = RecogniseRequest(source="0", beside=("1", "clip.mp4"), pace="live")


def test_each_source_has_a_process_that_knows_its_number() -> None:
    told = starts(THREE, 4)
    assert list(told) == ["camera", "camera-2", "camera-3"]
    assert [start.camera for start in told.values()] == [0, 1, 2]
    assert [start.request.sources for start in told.values()] == [("0",), ("1",), ("clip.mp4",)]
    assert {start.run for start in told.values()} == {4}
    assert {start.request.pace for start in told.values()} == {"live"}


def test_one_source_has_the_camera_process_there_always_is() -> None:
    assert list(starts(RecogniseRequest(source="0"), 1)) == ["camera"]
    assert not is_further("camera")
    assert not is_further("model")
    assert is_further(process_name(1))


def test_sources_together_are_not_recorded_and_the_operator_is_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    events: list[Event] = []
    recorder = Recorder(tmp_path / "recording", workspace, load_settings())
    assert recorder.begin("recognise", THREE, events.append) == THREE
    assert [type(event) for event in events] == [Notice]
    assert not list(tmp_path.glob("recording*"))


@pytest.mark.parametrize("source", ["/nowhere.mp4", "demo:nobody", "absent.fdrec", "/dev/video63"])
def test_a_missing_source_is_said_before_a_model_is_looked_for(
    workspace: Workspace, source: str
) -> None:
    """This workspace has no model, which would be the next thing to be said."""
    with pytest.raises(SourceNotFound):
        watch(workspace, load_settings(), RecogniseRequest(source=source), Cancel(), print)

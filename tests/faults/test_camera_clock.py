"""The clock of the machine is set back or jumps while a camera is watched."""

from __future__ import annotations

import ast
import itertools
import time
from pathlib import Path

import pytest

from engine.camera.reader import Reader
from engine.cancel import Cancel
from engine.contract import Event, SourceLost, SourceRestored
from engine.settings import CameraSettings
from tests.faults.loopback import HEAD, Connection, camera, jpeg, lively

ENGINE = Path(__file__).parents[2] / "engine"
WATCHED = ("camera", "faces", "recognise", "desk", "jobs", "rights", "doctor")
TIME_OF_DAY = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow")}
WANTED = {
    "rights/upkeep.py",  # notes the day on which somebody was seen
    "jobs/recording.py",  # a recording's log says when
    "jobs/imports.py",  # names strangers after the moment they came
}
"""Where the time of day is what is wanted, and no interval is measured with it."""


def test_what_watches_a_camera_measures_no_interval_with_the_time_of_day() -> None:
    found = {
        str(file.relative_to(ENGINE))
        for package in WATCHED
        for file in (ENGINE / package).rglob("*.py")
        if any(map(reads_time_of_day, ast.walk(ast.parse(file.read_text()))))
    }
    assert found == WANTED


def reads_time_of_day(node: ast.AST) -> bool:
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return named and (node.value.id, node.attr) in TIME_OF_DAY


@pytest.mark.parametrize("step", [-3600.0, 86_400.0], ids=["back", "forward"])
def test_a_lost_camera_comes_back_whatever_the_time_of_day_does(
    monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    def behave(connection: Connection) -> None:
        connection.send(HEAD)
        for number in range(3 if connection.camera.connections == 1 else 1000):
            connection.picture(jpeg(lively(number)))
            time.sleep(0.02)

    moments = itertools.count(1_800_000_000, step)
    monkeypatch.setattr(time, "time", lambda: float(next(moments)))
    settings = CameraSettings(read_timeout=1, reconnect_first=0.05, reconnect_longest=0.2)
    heard: list[Event] = []
    seconds: list[float] = []
    with (
        camera(behave) as made,
        Reader(made.address(), settings, "live", heard.append) as reader,
    ):
        for frame in reader.frames(Cancel()):
            seconds.append(frame.seconds)
            if isinstance(heard[-1], SourceRestored):
                break
    assert any(isinstance(event, SourceLost) for event in heard)
    assert seconds == sorted(seconds)
    assert seconds[-1] - seconds[0] < abs(step)

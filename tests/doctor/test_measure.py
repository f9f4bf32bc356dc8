from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.camera.opencv import cv2
from engine.camera.recording import AviWriter, encoded
from engine.cancel import Cancel
from engine.contract import CameraMeasured
from engine.contract.errors import Cancelled, SourceError, SourceTimeout
from engine.doctor.cameras import measure
from engine.settings import CameraSettings


def clip(path: Path, *levels: int, fps: float = 20.0) -> str:
    """A clip of flat pictures of these levels."""
    writer = AviWriter(path, 64, 48, fps)
    for level in levels:
        writer.add(encoded(np.full((48, 64, 3), level, np.uint8)))
    writer.close()
    return str(path)


def measured(source: str, **settings: float) -> CameraMeasured:
    return measure(source, CameraSettings(**settings), Cancel())


def test_a_clip_has_the_rate_and_light_it_was_made_with(tmp_path: Path) -> None:
    found = measured(clip(tmp_path / "a.avi", *range(90, 110)))
    assert (found.width, found.height, found.frames) == (64, 48, 20)
    assert found.fps == pytest.approx(20, rel=0.02)
    assert found.brightness == pytest.approx(109, abs=1)
    assert (found.identical, found.clipped) == (0, 0)
    assert len(found.pixels) == found.across * found.down * 3


def test_a_frozen_clip_has_only_repeated_pictures(tmp_path: Path) -> None:
    found = measured(clip(tmp_path / "a.avi", *[100] * 12))
    assert found.identical == found.frames - 1 == 11


def test_a_black_clip_has_no_light(tmp_path: Path) -> None:
    found = measured(clip(tmp_path / "a.avi", *[0] * 8))
    assert (found.brightness, found.clipped) == (0, 1)


def test_a_long_source_is_watched_for_a_moment_only() -> None:
    found = measured("demo:collins")
    assert found.frames == 61
    assert found.fps == 30


def test_a_folder_of_pictures_has_no_rate(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), 50 * number, np.uint8))
    assert measured(str(tmp_path)).fps == 0


def test_a_network_camera_is_measured_by_the_clock(network_camera) -> None:
    found = measured(network_camera.url)
    assert found.seconds >= 2
    assert round(found.fps * found.seconds) >= found.frames - 1 > 0


def test_a_network_camera_that_falls_silent_is_a_timeout(network_camera) -> None:
    network_camera.stalled.set()
    with pytest.raises(SourceTimeout):
        measured(network_camera.url, open_timeout=0.5, reconnect_attempts=0)


def test_what_is_not_there_raises_its_cause(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        measured(str(tmp_path / "none.mp4"))


def test_a_measurement_can_be_given_up() -> None:
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        measure("demo:collins", CameraSettings(), cancel)

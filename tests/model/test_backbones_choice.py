"""Both networks judge where the machine can carry them, and the choice is said and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.model import backbones
from engine.model.backbones import SLOW, choose_backbone, measured, remembered


class Clock:
    """Processor time that passes only while a face is looked at."""

    def __init__(self, seconds: float) -> None:
        self.now, self.each, self.calls = 0.0, seconds, 0
        self.digest, self.length = "stand-in", 1

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.now += self.each
        self.calls += 1
        return np.zeros((len(crops), 1), np.float32)


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path))
    monkeypatch.setattr(backbones, "usable_cores", lambda: 1)
    return monkeypatch


@pytest.mark.parametrize(
    ("seconds", "name"), [(None, "both"), (0.02, "both"), (SLOW, "both"), (SLOW + 0.01, "resnet")]
)
def test_auto_takes_the_face_network_alone_where_vgg16_is_slow(
    seconds: float | None, name: str
) -> None:
    assert choose_backbone("auto", seconds).name == name


@pytest.mark.parametrize("wish", ["both", "vgg16", "resnet"])
def test_a_setting_insists(wish: str) -> None:
    chosen = choose_backbone(wish, 9.0)  # type: ignore[arg-type]
    assert chosen.name == wish
    assert "setting" in chosen.reason


def test_the_reason_gives_the_time(one_core: pytest.MonkeyPatch) -> None:
    assert choose_backbone("auto", 0.4).reason == "VGG16 takes 400 ms a face here, more than 150"


def test_the_time_is_measured_once_and_remembered(one_core: pytest.MonkeyPatch) -> None:
    clock = Clock(0.4)
    one_core.setattr(backbones.time, "process_time", lambda: clock.now)
    assert remembered() is None
    assert measured(clock) == pytest.approx(0.4)
    calls = clock.calls
    assert measured(clock) == remembered() == pytest.approx(0.4)
    assert clock.calls == calls


def test_several_cores_share_the_work(one_core: pytest.MonkeyPatch) -> None:
    clock = Clock(0.4)
    one_core.setattr(backbones.time, "process_time", lambda: clock.now)
    one_core.setattr(backbones, "usable_cores", lambda: 4)
    assert measured(clock) == pytest.approx(0.1)


def test_a_damaged_note_is_measured_anew(one_core: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = Clock(0.2)
    one_core.setattr(backbones.time, "process_time", lambda: clock.now)
    (tmp_path / "seconds_a_face.json").write_text("[]")
    assert remembered() is None
    assert measured(clock) == pytest.approx(0.2)

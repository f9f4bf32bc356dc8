"""One model, several cameras: newest frame of each, in turn."""

from __future__ import annotations

import pytest

from engine.contract.messages import FacesFound
from engine.desk.model_process import FrameSlots


@pytest.fixture
def slots() -> FrameSlots:
    return FrameSlots()


def found(camera: int, frame: int, faces: int = 1) -> FacesFound:
    return FacesFound(
        source=str(camera), frame=frame, seconds=frame / 30, boxes=((0, 0, 9, 9),) * faces,
        crops=b"", dropped=0, lossy=True, camera=camera,
    )  # fmt: skip


def test_newer_frame_takes_the_place_of_its_own_camera_only(slots: FrameSlots) -> None:
    assert not slots.offer(found(0, 1))
    assert not slots.offer(found(1, 1))
    assert slots.offer(found(0, 2))
    assert slots.take(0) == found(0, 2)
    assert slots.take(1) == found(1, 1)
    assert slots.take(0) is None
    assert (slots.dropped(0), slots.dropped(1)) == (1, 0)


def test_next_frame_is_wanted_when_this_one_is_done(slots: FrameSlots) -> None:
    assert slots.wanted(found(0, 1)).after == 0
    slots.took(found(0, 1), 0.2)
    assert slots.wanted(found(0, 2)).after == pytest.approx(0.2)
    assert slots.wanted(found(0, 3, faces=3)).after == pytest.approx(0.6)
    assert slots.wanted(found(0, 4, faces=0)).after == 0


def test_other_cameras_have_their_turn_in_between(slots: FrameSlots) -> None:
    slots.took(found(0, 1), 0.1)
    slots.wanted(found(0, 1))
    assert slots.wanted(found(1, 1, faces=2)).after == pytest.approx(0.3)
    slots.ended(0)
    assert slots.wanted(found(1, 2, faces=2)).after == pytest.approx(0.2)

"""One model, several cameras: newest frame of each, in turn."""

from __future__ import annotations

import pytest

from engine.desk.messages import FacesFound, Turns


@pytest.fixture
def turns() -> Turns:
    return Turns()


def found(camera: int, frame: int, faces: int = 1) -> FacesFound:
    return FacesFound(
        source=str(camera), frame=frame, seconds=frame / 30, boxes=((0, 0, 9, 9),) * faces,
        crops=b"", dropped=0, lossy=True, camera=camera,
    )  # fmt: skip


def test_newer_frame_takes_the_place_of_its_own_camera_only(turns: Turns) -> None:
    assert not turns.offer(found(0, 1))
    assert not turns.offer(found(1, 1))
    assert turns.offer(found(0, 2))
    assert turns.take(0) == found(0, 2)
    assert turns.take(1) == found(1, 1)
    assert turns.take(0) is None
    assert (turns.dropped(0), turns.dropped(1)) == (1, 0)


def test_next_frame_is_wanted_when_this_one_is_done(turns: Turns) -> None:
    assert turns.wanted(found(0, 1)).after == 0
    turns.took(found(0, 1), 0.2)
    assert turns.wanted(found(0, 2)).after == pytest.approx(0.2)
    assert turns.wanted(found(0, 3, faces=3)).after == pytest.approx(0.6)
    assert turns.wanted(found(0, 4, faces=0)).after == 0


def test_other_cameras_have_their_turn_in_between(turns: Turns) -> None:
    turns.took(found(0, 1), 0.1)
    turns.wanted(found(0, 1))
    assert turns.wanted(found(1, 1, faces=2)).after == pytest.approx(0.3)
    turns.ended(0)
    assert turns.wanted(found(1, 2, faces=2)).after == pytest.approx(0.2)

"""What the coach counts, and what it says to do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract import Advice, Coaching
from engine.faces.align import Box, Face
from engine.faces.quality import Verdict
from engine.faces.refusal import Refusal
from engine.people.coach import LIGHTS, MOST, NEED, Coach

FRAME = 640
WIDTHS = {"near": 300, "middle": 200, "far": 100}
TURNS = {"frontal": 0.494, "left": 0.40, "right": 0.60}
"""Where the eyes' middle lies in the box."""


def crop(seed: int, level: int = 120) -> NDArray[np.uint8]:
    """A made-up face without a turn: left and right alike, coarse enough to be compared."""
    coarse = np.random.default_rng(seed).integers(-60, 60, (10, 5), dtype=np.int16)
    picture = np.clip(np.hstack([coarse, coarse[:, ::-1]]) + level, 0, 255).astype(np.uint8)
    large = cv2.resize(picture, (160, 160), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(np.repeat(large[..., None], 3, axis=2), dtype=np.uint8)


def face(seed: int, pose: str = "frontal", distance: str = "middle", level: int = 120) -> Face:
    width = WIDTHS[distance]
    middle = 50 + TURNS[pose] * width
    eyes = ((middle - width * 0.18, 80.0), (middle + width * 0.18, 80.0))
    return Face(Box(50, 50, width, width), eyes, True, crop(seed, level))


NODS = {"frontal": 0.0, "up": -0.1, "down": 0.1}
"""The nose's way down, in distances of eyes and mouth; the ears go up by half as much again."""


def pointed(seed: int, pose: str = "frontal", distance: str = "middle") -> Face:
    """A face with BlazeFace's points."""
    width, nod = WIDTHS[distance], NODS.get(pose, 0.0)
    turn = {"left": 0.12, "right": -0.12}.get(pose, 0.0)
    shape = [(-0.2, 0), (0.2, 0), (0.5 * turn, 0.27 + 0.5 * nod), (0, 0.5)]
    shape += [(side, 0.12 - 0.75 * nod) for side in (-0.45, 0.45)]
    points = tuple((100 + x * width, 100 + y * width) for x, y in shape)
    return Face(Box(50, 50, width, width), (points[0], points[1]), True, crop(seed), points)


def kept(coach: Coach, shown: Face, at: float = 0.0) -> Coaching | None:
    return coach.take(Verdict(shown, None, 0, 0, 120, 400), FRAME, at, kept=True)


def refused(coach: Coach, refusal: Refusal, shown: Face | None = None) -> Coaching | None:
    return coach.take(Verdict(shown, refusal, 38, 60, 38, 0), FRAME, 0.0, kept=False)


def cells(said: Coaching | None) -> dict[tuple[str, str], int]:
    assert said
    return {(pose, distance): count for pose, distance, count in said.cells if count}


def test_different_pictures_fill_the_cell_of_their_pose_and_distance() -> None:
    coach = Coach(20, 3.0)
    kept(coach, face(1))
    said = kept(coach, face(2))
    assert cells(said) == {("frontal", "middle"): 2}
    assert cells(kept(coach, face(3, distance="near")))[("frontal", "near")] == 1


def test_near_copies_count_as_captured_but_fill_nothing() -> None:
    coach = Coach(20, 3.0)
    for _ in range(4):
        kept(coach, face(1))
    said = kept(coach, face(1))
    assert said
    assert said.captured == 5
    assert said.different == 1


def test_a_cell_counts_no_more_than_it_remembers() -> None:
    coach = Coach(50, 3.0)
    for seed in range(MOST + 4):
        said = kept(coach, face(seed))
    assert cells(said) == {("frontal", "middle"): MOST}


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (Refusal.TOO_DARK, "more_light"),
        (Refusal.TOO_SMALL, "come_closer"),
        (Refusal.BLURRED, "hold_still"),
        (Refusal.NO_FACE, "look_here"),
        (Refusal.UPSIDE_DOWN, "camera_upside_down"),
        (Refusal.TURNED, "camera_on_its_side"),
    ],
)
def test_a_refusal_gives_its_remedy_with_reason_and_numbers(refusal: Refusal, advice: str) -> None:
    said = refused(Coach(20, 3.0), refusal)
    assert said
    assert (said.advice, said.reason, said.value, said.limit) == (advice, refusal, 38, 60)


def test_a_filled_view_leads_to_the_next_one_at_the_same_distance() -> None:
    coach = Coach(50, 3.0)
    said = None
    for seed in range(NEED):
        said = kept(coach, face(seed))
    assert said
    assert said.advice == Advice.TURN_LEFT


def test_with_all_poses_of_a_distance_the_person_is_asked_to_walk_and_then_for_light() -> None:
    coach = Coach(200, 3.0)
    advice = {}
    seed = 0
    for distance in ("middle", "near", "far"):
        for pose in ("frontal", "left", "right"):
            for _ in range(NEED):
                seed += 1
                said = kept(coach, face(seed, pose, distance))
        assert said
        advice[distance] = said.advice
    assert advice == {
        "middle": Advice.STEP_CLOSER,
        "near": Advice.STEP_BACK,
        "far": Advice.CHANGE_LIGHT,
    }
    assert not coach.covered
    assert LIGHTS == 2
    for extra in range(NEED):
        said = kept(coach, face(seed + extra + 1, level=60))
    assert said
    assert said.covered
    assert coach.covered


def test_the_time_left_follows_the_rate_of_keeping() -> None:
    coach = Coach(13, 3.0)
    for number in range(4):
        said = kept(coach, face(number), at=number * 0.5)
    assert said
    assert said.seconds_left == 5  # 9 pictures to go, two a second


def test_what_was_said_last_is_not_said_again() -> None:
    coach = Coach(20, 3.0)
    assert refused(coach, Refusal.NO_FACE)
    assert refused(coach, Refusal.NO_FACE) is None


def test_while_the_session_is_compared_the_coach_asks_for_nothing_else() -> None:
    coach = Coach(20, 3.0)
    assert coach.comparing() is None
    kept(coach, face(1))
    said = coach.comparing()
    assert said
    assert (said.advice, said.reason, said.captured) == (Advice.COMPARING, "", 1)


def test_where_the_detector_tells_nods_they_are_asked_for_after_the_turns() -> None:
    coach = Coach(200, 3.0)
    seed, advice = 0, []
    for pose in ("frontal", "left", "right", "up", "down"):
        for _ in range(NEED):
            seed += 1
            said = kept(coach, pointed(seed, pose))
        assert said
        advice.append(said.advice)
    assert advice == [
        Advice.TURN_LEFT, Advice.TURN_RIGHT, Advice.LOOK_UP, Advice.LOOK_DOWN, Advice.STEP_CLOSER,
    ]  # fmt: skip
    assert cells(said)["up", "middle"] == cells(said)["down", "middle"] == NEED


def test_without_points_no_nod_is_asked_for() -> None:
    said = kept(Coach(20, 3.0), face(1))
    assert said
    assert {pose for pose, _, _ in said.cells} == {"frontal", "left", "right"}


def test_a_nod_from_afar_counts_as_a_view_from_the_front() -> None:
    coach = Coach(20, 3.0)
    for seed in range(3):
        kept(coach, pointed(seed))
    assert cells(kept(coach, pointed(5, "up", "far")))["frontal", "far"] == 1


def test_who_holds_the_head_low_is_not_said_to_nod() -> None:
    coach = Coach(20, 3.0)
    for seed in range(3):
        said = kept(coach, pointed(seed, "down"))
    assert cells(said) == {("frontal", "middle"): 3}


def test_all_is_covered_with_the_nods_and_not_without() -> None:
    coach = Coach(200, 3.0)
    seed = 0
    for distance in ("middle", "near", "far"):
        for pose in ("frontal", "left", "right"):
            for _ in range(NEED):
                seed += 1
                kept(coach, pointed(seed, pose, distance))
    for extra in range(NEED):
        kept(coach, face(seed + extra + 1, level=60))
    assert not coach.covered
    for pose in ("up", "down"):
        for _ in range(NEED):
            seed += 1
            kept(coach, pointed(seed + 10, pose))
    assert coach.covered

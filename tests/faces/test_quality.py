"""The quality gates: order, limits, and what is measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces import quality
from engine.faces.align import Box, Face
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates, Verdict
from engine.faces.refusal import Refusal
from engine.pictures import read_photograph
from engine.settings import GateSettings

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def gates() -> QualityGates:
    return QualityGates(GateSettings())


@pytest.fixture(scope="module")
def crop(finder: FaceFinder, portrait: Picture) -> Picture:
    return finder.find_in_photograph(portrait)[0].crop


def face(crop: Picture, width: int = 150) -> Face:
    return Face(Box(10, 10, width, width), ((50.0, 60.0), (110.0, 60.0)), True, crop)


def blurred(image: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def times(image: Picture, gain: float, offset: float = 0.0) -> Picture:
    return np.clip(image.astype(float) * gain + offset, 0, 255).astype(np.uint8)


def noisy(image: Picture, sigma: float, seed: int) -> Picture:
    grain = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def test_good_face_passes_with_its_measurements(gates: QualityGates, crop: Picture) -> None:
    verdict = gates.judge((face(crop),), None)
    assert verdict.refusal is None
    assert verdict.face is not None
    assert (verdict.value, verdict.limit) == (0, 0)
    assert 60 < verdict.brightness < 200
    assert verdict.sharpness > 150


def test_nobody_is_no_face(gates: QualityGates) -> None:
    verdict = gates.judge((), None)
    assert (verdict.refusal, verdict.face) == (Refusal.NO_FACE, None)


def test_two_faces_alike_are_several(gates: QualityGates, crop: Picture) -> None:
    verdict = gates.judge((face(crop, 150), face(crop, 120)), None)
    assert (verdict.refusal, verdict.value, verdict.limit) == (Refusal.SEVERAL_FACES, 1.25, 1.6)
    assert verdict.face is None


def test_clearly_largest_face_wins(gates: QualityGates, crop: Picture) -> None:
    verdict = gates.judge((face(crop, 90), face(crop, 150)), None)
    assert verdict.refusal is None
    assert verdict.face is not None
    assert verdict.face.box.width == 150


def test_dominance_is_configurable(crop: Picture) -> None:
    strict = QualityGates(GateSettings(dominance=3.0))
    verdict = strict.judge((face(crop, 150), face(crop, 80)), None)
    assert verdict.refusal is Refusal.SEVERAL_FACES


def test_small_face_is_too_small_but_may_be_imported(gates: QualityGates, crop: Picture) -> None:
    verdict = gates.judge((face(crop, 79),), None)
    assert (verdict.refusal, verdict.value, verdict.limit) == (Refusal.TOO_SMALL, 79, 80)
    assert gates.judge((face(crop, 60),), None, imported=True).refusal is None
    verdict = gates.judge((face(crop, 59),), None, imported=True)
    assert (verdict.refusal, verdict.value, verdict.limit) == (Refusal.TOO_SMALL, 59, 60)


def test_dark_bright_and_blurred_faces_are_refused(gates: QualityGates, crop: Picture) -> None:
    def verdict(changed: Picture) -> Verdict:
        return gates.judge((face(changed),), None)

    dark, bright, soft = (
        verdict(times(crop, 0.2)), verdict(times(crop, 1.0, 120)), verdict(blurred(crop, 5))
    )  # fmt: skip
    assert dark.refusal is Refusal.TOO_DARK
    assert 0 < dark.value < dark.limit == 45
    assert bright.refusal is Refusal.TOO_BRIGHT
    assert bright.value > bright.limit == 215
    assert soft.refusal is Refusal.BLURRED
    assert 0 < soft.value < soft.limit == 150


def test_first_gate_gives_the_reason(gates: QualityGates, crop: Picture) -> None:
    dark_and_blurred = blurred(times(crop, 0.2), 5)
    assert gates.judge((face(dark_and_blurred, 40),), None).refusal is Refusal.TOO_SMALL
    assert gates.judge((face(dark_and_blurred),), None).refusal is Refusal.TOO_DARK
    assert gates.judge((face(blurred(crop, 5)),), blurred(crop, 5)).refusal is Refusal.BLURRED


def test_imported_photographs_meet_lenient_gates(gates: QualityGates, crop: Picture) -> None:
    soft = blurred(crop, 2.5)
    assert gates.judge((face(soft),), None).refusal is Refusal.BLURRED
    assert gates.judge((face(soft),), None, imported=True).refusal is None
    black = np.zeros_like(crop)
    assert gates.judge((face(black),), None, imported=True).refusal is Refusal.TOO_DARK
    hopeless = blurred(crop, 12)
    assert gates.judge((face(hopeless),), None, imported=True).refusal is Refusal.BLURRED


def test_imported_photograph_may_show_others(gates: QualityGates, crop: Picture) -> None:
    verdict = gates.judge((face(crop, 100), face(crop, 300)), None, imported=True)
    assert verdict.refusal is None
    assert verdict.face is not None
    assert verdict.face.box.width == 100


def test_photographs_are_not_compared_here(gates: QualityGates, crop: Picture) -> None:
    assert gates.judge((face(crop),), crop).refusal is Refusal.DUPLICATE
    assert gates.judge((face(crop),), crop, imported=True).refusal is None


def test_noise_moved_eyes_and_other_light_make_no_new_picture(
    gates: QualityGates, crop: Picture
) -> None:
    matrix = cv2.getRotationMatrix2D((80.0, 80.0), 2.5, 1.03)
    matrix[:, 2] += (2.5, -1.5)
    moved = cv2.warpAffine(crop, matrix, (160, 160), borderMode=cv2.BORDER_REPLICATE)
    seen_again = noisy(times(np.asarray(moved, dtype=np.uint8), 0.9, 5), 6, seed=1)
    verdict = gates.judge((face(seen_again),), noisy(crop, 6, seed=2))
    assert verdict.refusal is Refusal.DUPLICATE
    assert 0 < verdict.value < verdict.limit == 3


def test_closed_eyes_make_a_new_picture(gates: QualityGates, crop: Picture) -> None:
    blink = crop.copy()
    for x in (55, 105):
        skin = crop[88:96, x - 12 : x + 12].reshape(-1, 3).mean(0)
        cv2.ellipse(blink, (x, 74), (14, 8), 0, 0, 360, skin.tolist(), -1)
    assert gates.judge((face(noisy(blink, 2, 1)),), noisy(crop, 2, 2)).refusal is None


def test_flat_pictures_can_be_compared(crop: Picture) -> None:
    flat = np.full_like(crop, 128)
    assert quality.change_between(flat, flat) == pytest.approx(0, abs=0.01)
    assert quality.change_between(crop, flat) > 3


def test_sharpness_does_not_depend_on_light_or_face_size(
    finder: FaceFinder, portrait: Picture, crop: Picture
) -> None:
    sharp = quality.sharpness_of(quality.luma(crop))
    dim = quality.sharpness_of(quality.luma(times(crop, 0.5)))
    assert dim == pytest.approx(sharp, rel=0.15)
    large = np.asarray(cv2.resize(portrait, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
    (found, *_) = finder.find_in_photograph(large.astype(np.uint8))
    assert quality.sharpness_of(quality.luma(found.crop)) == pytest.approx(sharp, rel=0.5)


@pytest.mark.shared
@pytest.mark.parametrize(
    "clip",
    [
        "man_a_take1.mp4",
        pytest.param("man_b.mp4", marks=pytest.mark.long),
        pytest.param("woman_a.mp4", marks=pytest.mark.long),
    ],
)
def test_gates_on_a_real_clip(
    gates: QualityGates, finder: FaceFinder, clips: Path, clip: str
) -> None:
    capture = cv2.VideoCapture(str(clips / clip))
    frames = []
    for number in range(96):
        done, image = capture.read()
        assert done
        if number % 8 == 0:
            frames.append(np.asarray(cv2.resize(image, (640, 480)), dtype=np.uint8))
    capture.release()

    def verdicts(change: float = 1.0, sigma: float = 0.0) -> list[Refusal | None]:
        changed = [times(blurred(f, sigma) if sigma else f, change) for f in frames]
        return [gates.judge(finder.find(image), None).refusal for image in changed]

    assert verdicts().count(None) >= 11
    assert set(verdicts(sigma=4)) <= {Refusal.BLURRED, Refusal.NO_FACE}
    assert set(verdicts(change=0.2)) <= {Refusal.TOO_DARK, Refusal.NO_FACE}
    # A still of the clip under a camera's noise, against the moving clip.
    previous = finder.find(frames[0])[0].crop
    still = [
        gates.judge(finder.find(noisy(frames[0], 4, seed)), previous).refusal for seed in range(12)
    ]
    assert still.count(Refusal.DUPLICATE) >= 10
    kept = 0
    for image in frames:
        verdict = gates.judge(finder.find(image), previous)
        if verdict.refusal is None and verdict.face is not None:
            kept, previous = kept + 1, verdict.face.crop
    assert kept >= 5


@pytest.mark.shared
def test_import_gates_refuse_nothing_of_lfw(
    gates: QualityGates, finder: FaceFinder, lfw: Path
) -> None:
    files = sorted((lfw / "known").glob("*/*.jpg"))[::15]
    refusals = [
        gates.judge(finder.find_in_photograph(read_photograph(path)), None, imported=True).refusal
        for path in files
    ]
    assert sum(refusal is None for refusal in refusals) >= len(refusals) - 1


@pytest.mark.parametrize(
    ("turned", "refusal"),
    [(0, None), (1, Refusal.TURNED), (2, Refusal.UPSIDE_DOWN), (3, Refusal.TURNED)],
)
def test_face_that_stands_upright_only_in_the_turned_frame_has_its_own_reason(
    gates: QualityGates, crop: Picture, turned: int, refusal: Refusal | None
) -> None:
    assert gates.judge((replace(face(crop), turned=turned),), None).refusal is refusal
    # A photograph is turned by whoever looks at it: its crop is upright.
    assert gates.judge((replace(face(crop), turned=turned),), None, imported=True).refusal is None


def test_head_tilted_by_more_than_anybody_tilts_it_is_a_turned_camera(
    gates: QualityGates, crop: Picture
) -> None:
    tilted = replace(face(crop), eyes=((50.0, 40.0), (80.0, 90.0)))
    verdict = gates.judge((tilted,), None)
    assert (verdict.refusal, round(verdict.value), verdict.limit) == (Refusal.TURNED, 59, 50)


def test_a_small_face_is_found_and_called_too_small(
    gates: QualityGates, finder: FaceFinder, frame: Picture
) -> None:
    for width in (63, 73):
        scale = width / finder.find(frame)[0].box.width
        small = np.full_like(frame, 120)
        part = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        small[100 : 100 + part.shape[0], 200 : 200 + part.shape[1]] = part
        verdict = gates.judge(finder.find(small), None)
        assert verdict.refusal is Refusal.TOO_SMALL
        assert verdict.value == pytest.approx(width, abs=4)

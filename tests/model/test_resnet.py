"""The face network: its chip is OpenCV's, and OpenVINO's rows are Keras' rows."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract.errors import ModelCorrupt, ModelError
from engine.model import resnet
from engine.model.backbones import extractor_of
from engine.model.keras_networks import KerasResnetExtractor
from engine.model.openvino_rows import ResnetExtractor
from engine.model.resnet import (
    CHANNEL_MEANS,
    CHIP,
    CROP_OF_CHIP,
    PACKAGED_SHA256,
    RECIPE,
    ROW,
    SCALE,
    blocks,
    chips,
    load_resnet,
)
from engine.model.vgg16 import Extracts, row_digest
from fit.convert_weights import shapes_of_resnet


@pytest.fixture(scope="module")
def openvino() -> ResnetExtractor:
    return ResnetExtractor(low_precision=False)


@pytest.fixture(scope="module")
def keras() -> KerasResnetExtractor:
    return KerasResnetExtractor()


def noise(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 160, 160, 3), np.uint8)


def smooth(count: int) -> NDArray[np.uint8]:
    """Blurred noise that uses all values: as steep as a picture is."""
    blurred = [cv2.GaussianBlur(crop, (0, 0), 4) for crop in noise(count)]
    return np.stack([cv2.normalize(crop, None, 0, 255, cv2.NORM_MINMAX) for crop in blurred])


# --- weights ------------------------------------------------------------------------------------


def test_the_packaged_arrays_are_float16_of_the_planned_shapes() -> None:
    arrays = load_resnet().arrays
    assert {name: array.shape for name, array in arrays.items()} == shapes_of_resnet()
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_there_are_29_convolutions_in_14_blocks_of_which_four_go_down() -> None:
    assert len([name for name in shapes_of_resnet() if name.endswith("_bias")]) == 29
    assert len(blocks()) == 14
    assert [block.channels for block in blocks() if block.down] == [64, 128, 256, 256]


def test_one_flipped_byte_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(resnet.PACKAGED.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "damaged.npz").write_bytes(data)
    monkeypatch.setattr(resnet, "PACKAGED", tmp_path / "damaged.npz")
    with pytest.raises(ModelCorrupt) as caught:
        load_resnet()
    assert caught.value.hint


def test_an_absent_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resnet, "PACKAGED", tmp_path / "absent.npz")
    with pytest.raises(ModelError, match=r"absent\.npz"):
        load_resnet()


# --- the chip -----------------------------------------------------------------------------------


def as_opencv_warps(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        crop, CROP_OF_CHIP, (CHIP, CHIP), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def in_grey_levels(chip: NDArray[np.float32]) -> NDArray[np.float32]:
    return chip.transpose(1, 2, 0) * SCALE + np.array(CHANNEL_MEANS, np.float32)


def test_the_chip_is_that_of_opencv_but_for_its_rounding() -> None:
    # OpenCV rounds places to 1/32 of a pixel and values to whole numbers; this rounds neither.
    for crop in smooth(3):
        difference = np.abs(in_grey_levels(chips(crop[None])[0]) - as_opencv_warps(crop))
        assert difference.max() < 1.0
        assert difference.mean() < 0.3


def test_below_the_crop_its_last_row_is_repeated() -> None:
    crop = np.zeros((1, 160, 160, 3), np.uint8)
    crop[:, 159] = 200
    assert in_grey_levels(chips(crop)[0])[-5:] == pytest.approx(200, abs=0.01)


def test_a_crop_of_another_size_is_refused(openvino: ResnetExtractor) -> None:
    for wrong in (np.zeros((1, 150, 150, 3), np.uint8), np.zeros((1, 160, 160, 3), np.float32)):
        with pytest.raises(ValueError, match="160"):
            openvino.extract(wrong)


# --- the rows -----------------------------------------------------------------------------------


def test_rows_of_faces_and_of_noise_are_those_of_keras(
    openvino: ResnetExtractor, keras: KerasResnetExtractor, demo_crops: NDArray[np.uint8]
) -> None:
    for crops in (demo_crops, noise(2)):
        found = openvino.extract(crops)
        assert (found.shape, found.dtype) == ((len(crops), ROW), np.float32)
        assert found == pytest.approx(keras.extract(crops), abs=1e-5)


def test_both_runtimes_rows_in_float32_have_one_digest(
    openvino: ResnetExtractor, keras: KerasResnetExtractor
) -> None:
    assert openvino.digest == keras.digest == row_digest(PACKAGED_SHA256, "float32", RECIPE)
    assert openvino.length == keras.length == ROW


def test_another_recipe_or_arithmetic_has_another_digest() -> None:
    here = row_digest(PACKAGED_SHA256, "float32", RECIPE)
    assert row_digest(PACKAGED_SHA256, "openvino bfloat16", RECIPE) != here
    assert row_digest(PACKAGED_SHA256, "float32", "another one") != here


def test_rows_in_low_precision_say_so_and_are_near(
    openvino: ResnetExtractor, demo_crops: NDArray[np.uint8]
) -> None:
    low = ResnetExtractor(low_precision=True)
    assert (low.digest == openvino.digest) == (not low.low_precision)
    found, right = low.extract(demo_crops), openvino.extract(demo_crops)
    cosines = (found * right).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(right, axis=1)
    assert cosines.min() > 0.995


@pytest.mark.parametrize("runtime", ["openvino", "keras"])
def test_no_crops_give_no_rows(runtime: str, request: pytest.FixtureRequest) -> None:
    extractor: Extracts = request.getfixturevalue(runtime)
    assert extractor.extract(np.empty((0, 160, 160, 3), np.uint8)).shape == (0, ROW)


def test_a_crop_s_row_does_not_depend_on_its_company(openvino: ResnetExtractor) -> None:
    crops = smooth(5)
    alone = np.concatenate([openvino.extract(crop[None]) for crop in crops])
    assert np.array_equal(openvino.extract(crops), alone)


def test_threads_get_their_own_rows(openvino: ResnetExtractor) -> None:
    crops = smooth(8)
    right = openvino.extract(crops)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda crop: openvino.extract(crop[None])[0], crops))
    assert np.array_equal(np.stack(found), right)


def test_two_people_of_the_demonstration_are_far_apart(
    openvino: ResnetExtractor, demo_crops: NDArray[np.uint8]
) -> None:
    rows = openvino.extract(demo_crops)
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    same = max(distances[:3, :3].max(), distances[3:, 3:].max())
    assert same < 0.5 < distances[:3, 3:].min()


# --- what is loaded -----------------------------------------------------------------------------


def test_the_runtime_that_is_asked_for_computes_the_rows() -> None:
    assert isinstance(extractor_of("resnet", "openvino"), ResnetExtractor)
    assert isinstance(extractor_of("resnet", "keras"), KerasResnetExtractor)


def test_a_row_needs_neither_opencv_nor_tensorflow() -> None:
    code = (
        "import sys, numpy as np; from engine.model.backbones import extractor_of; "
        "row = extractor_of('resnet', 'auto').extract(np.zeros((1, 160, 160, 3), np.uint8)); "
        "assert row.any() and not {'tensorflow', 'keras', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

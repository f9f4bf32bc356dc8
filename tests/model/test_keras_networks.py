from __future__ import annotations

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.model.keras_networks import KerasExtractor, backbone, pooled
from engine.model.vgg16 import LAYERS, ROW, VIEW, shown
from engine.model.weights import Weights


def noise(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 160, 160, 3), np.uint8)


def test_pooling_averages_uneven_cells_row_by_row() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 10, 10, 3)).astype(np.float32)
    cells = [range(j * 10 // 4, (j + 1) * 10 // 4) for j in range(4)]
    right = np.stack([maps[:, r][:, :, c].mean((1, 2)) for r in cells for c in cells], 1)
    np.testing.assert_allclose(np.asarray(pooled(maps)), right.reshape(2, -1), rtol=1e-5)


def test_a_row_is_both_blocks_of_the_crop_pooled(
    weights: Weights, reference: KerasExtractor
) -> None:
    crops = noise(2)
    whole = backbone(weights, side=VIEW)
    blocks = keras.Model(whole.input, [whole.get_layer(name).output for name in LAYERS])
    right = np.concatenate(
        [pooled(maps) for maps in blocks(shown(crops).astype(np.float32))], axis=1
    )
    np.testing.assert_allclose(reference.extract(crops), right, rtol=1e-3, atol=1e-2)


def test_a_crop_and_its_mirror_image_give_other_rows(
    reference: KerasExtractor, demo_crops: NDArray[np.uint8]
) -> None:
    one, other = reference.extract(demo_crops), reference.extract(demo_crops[:, :, ::-1])
    apart = np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1)
    assert (apart > 0.1).all()


def test_a_row_does_not_depend_on_the_batch_it_was_in(reference: KerasExtractor) -> None:
    crops = noise(18)
    together = reference.extract(crops)
    assert together.shape == (18, ROW)
    assert together.dtype == np.float32
    alone = reference.extract(crops[17:])
    assert np.linalg.norm(together[17] - alone[0]) < 0.01 * np.linalg.norm(alone)


def test_one_trace_serves_every_batch_size(reference: KerasExtractor) -> None:
    for count in (1, 3, 5):
        reference.extract(noise(count))
    assert reference._rows.experimental_get_tracing_count() == 1


def test_no_crops_give_no_rows(reference: KerasExtractor) -> None:
    assert reference.extract(noise(0)).shape == (0, ROW)


@pytest.mark.parametrize(
    "crops",
    [np.zeros((1, 112, 112, 3), np.uint8), np.zeros((1, 160, 160, 3), np.float32)],
)
def test_other_shapes_and_types_are_refused(
    reference: KerasExtractor, crops: NDArray[np.uint8]
) -> None:
    with pytest.raises(ValueError, match="not uint8"):
        reference.extract(crops)


def test_the_digest_tells_weights_and_precision_apart(weights: Weights) -> None:
    digests = {KerasExtractor(weights, low).digest for low in (False, True)}
    other = Weights(weights.arrays, "other", "0" * 64)
    assert len(digests | {KerasExtractor(other, False).digest}) == 3
    assert KerasExtractor(weights, False).digest in digests

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.model.keras_networks import backbone, layer_table
from engine.model.weights import Weights, load_weights

POOLS = ("block4_pool", "block5_pool")


def pools(network: keras.Model) -> keras.Model:
    """The network, cut at the end of its fourth and of its fifth block."""
    return keras.Model(network.input, [network.get_layer(name).output for name in POOLS])


def relative(found: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(found - right) / np.linalg.norm(right))


@pytest.mark.shared
def test_it_computes_what_keras_applications_does(
    keras_file: Path, photographs: NDArray[np.uint8], weights: Weights
) -> None:
    pictures = photographs[:2].astype(np.float32)
    whole = keras.applications.VGG16(
        weights=str(keras_file), include_top=False, input_shape=(160, 160, 3)
    )
    prepared = keras.applications.vgg16.preprocess_input(pictures.copy())
    right = pools(whole)(prepared, training=False)
    full = pools(backbone(load_weights(str(keras_file)), "block5_pool"))(pictures)
    packaged = pools(backbone(weights, "block5_pool"))(pictures)
    for one, other, wanted in zip(full, packaged, map(np.asarray, right), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-3 * wanted.max())
        assert relative(np.asarray(other), wanted) < 0.001


@pytest.mark.shared
def test_bfloat16_moves_the_features_by_less_than_two_percent(
    photographs: NDArray[np.uint8], weights: Weights
) -> None:
    pictures = photographs[:2].astype(np.float32)
    right = np.asarray(backbone(weights, low_precision=False)(pictures))
    low = backbone(weights, low_precision=True)(pictures)
    assert keras.backend.standardize_dtype(low.dtype) == "bfloat16"
    assert 0 < relative(np.asarray(keras.ops.cast(low, "float32")), right) < 0.02


def test_preprocessing_is_keras_own(weights: Weights) -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 160, 160, 3)).astype(np.float32)
    network = backbone(weights)
    first = keras.Model(network.input, network.get_layer("block1_conv1").input)
    right = keras.applications.vgg16.preprocess_input(pictures.copy())
    np.testing.assert_allclose(np.asarray(first(pictures)), right, atol=1e-3)


def test_low_precision_does_not_leak_into_the_global_policy(weights: Weights) -> None:
    before = keras.config.dtype_policy().name
    backbone(weights, low_precision=True)
    assert keras.config.dtype_policy().name == before == "float32"


def test_nothing_in_the_backbone_trains(weights: Weights) -> None:
    network = backbone(weights, "block5_pool")
    assert network.trainable_weights == []
    assert not any(row.trains for row in layer_table(network))


def test_the_layer_table_tells_names_kinds_shapes_and_parameters(weights: Weights) -> None:
    rows = {row.name: row for row in layer_table(backbone(weights, "block5_pool"))}
    assert rows["block1_conv1"].kind == "Conv2D"
    assert rows["block1_conv1"].parameters == 3 * 3 * 3 * 64 + 64
    assert rows["block4_pool"].shape == (None, 10, 10, 512)
    assert rows["block5_pool"].shape == (None, 5, 5, 512)
    assert sum(row.parameters for row in rows.values()) == 14_714_688

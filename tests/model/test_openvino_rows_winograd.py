"""Fewer multiplications, the same convolution: compared with OpenVINO's own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.model.openvino_rows import INPUT, KERNEL, OUTPUT, convolution, feature_graph, strips
from engine.model.vgg16 import shown
from engine.model.weights import Weights
from engine.openvino_networks import openvino

FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32"}


def drawn(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def computed(make: object, maps: NDArray[np.float32], shape: list[int]) -> NDArray[np.float32]:
    """What the graph that `make` builds on a parameter of `shape` says of `maps`."""
    ov = openvino()
    given = ov.opset13.parameter(shape, np.float32)
    model = ov.Model([make(given.output(0))], [given], "test")
    return np.asarray(ov.Core().compile_model(model, "CPU", FLOAT32)([maps])[0])


def plain(
    maps: NDArray[np.float32], kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Convolution with zero padding, bias and ReLU, place by place."""
    height, width = maps.shape[1:3]
    around = np.pad(maps.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    found = sum(
        around[:, i : i + height, j : j + width] @ kernel[i, j].astype(np.float64)
        for i in range(3)
        for j in range(3)
    )
    return np.maximum(found + bias, 0)


def test_the_transforms_convolve_a_tile() -> None:
    inputs, kernel = drawn(6), drawn(3, 1)[:, 0]
    right = [inputs[at : at + 3] @ kernel for at in range(4)]
    np.testing.assert_allclose(OUTPUT @ ((KERNEL @ kernel) * (INPUT @ inputs)), right, atol=1e-5)


@pytest.mark.parametrize("length", [4, 20, 40, 80, 160])
def test_strips_transform_a_whole_line(length: int) -> None:
    line = drawn(length)
    places, matrices = strips(length)
    count = len(matrices)
    found = np.einsum("spr,sr->sp", matrices, line[places].reshape(count, -1))
    found = found.reshape(count, 6, -1).transpose(0, 2, 1).reshape(-1, 6)
    around = np.pad(line, 1)
    right = [INPUT @ around[at : at + 6] for at in range(0, length, 4)]
    np.testing.assert_allclose(found, right, atol=1e-5)


def test_tiles_that_make_no_equal_strips_are_refused() -> None:
    with pytest.raises(ValueError, match="equal strips"):
        strips(28)


@pytest.mark.parametrize("size", [(20, 20), (40, 20), (80, 40)])
@pytest.mark.parametrize("pool", [False, True])
def test_a_convolution_is_the_plain_one(size: tuple[int, int], pool: bool) -> None:
    maps, kernel, bias = drawn(2, *size, 5), drawn(3, 3, 5, 7), drawn(7)
    right = plain(maps, kernel, bias)
    if pool:
        right = right.reshape(2, size[0] // 2, 2, size[1] // 2, 2, 7).max((2, 4))
    found = computed(lambda given: convolution(given, kernel, bias, pool), maps, [-1, *size, 5])
    assert found.shape == right.shape
    assert np.linalg.norm(found - right) < 1e-5 * np.linalg.norm(right)


def test_both_graphs_give_the_same_rows(weights: Weights, demo_crops: NDArray[np.uint8]) -> None:
    core = openvino().Core()
    picture = shown(demo_crops[:1])
    rows = [
        np.asarray(core.compile_model(feature_graph(weights, fewer), "CPU", FLOAT32)([picture])[0])
        for fewer in (False, True)
    ]
    assert np.linalg.norm(rows[0] - rows[1]) < 1e-5 * np.linalg.norm(rows[0])

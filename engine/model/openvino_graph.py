"""The graph from a crop to its feature row in OpenVINO's operations, with our own weights in it.

Nothing is converted or exported: the layers are laid down here one by one, as `vgg16` lays down
Keras'. OpenVINO's convolutions have channels in front of height and width, ours behind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model import openvino_winograd
from engine.model.feature_row import GRID, LAYERS, cells
from engine.model.openvino_winograd import convolution
from engine.model.vgg16_plan import BLOCKS, CHANNEL_MEANS, VIEW
from engine.model.weights import Weights
from engine.openvino_networks import openvino, sources_digest

FEWER_FROM = 2
"""First block by `openvino_winograd`. Block 1 has the largest maps and few channels: carrying its
tiles to and fro takes longer than the multiplications that it saves.
"""


def graph_digest() -> str:
    """Changes with this file and the convolutions'."""
    return sources_digest(__file__, openvino_winograd.__file__)


def feature_graph(weights: Weights, fewer_products: bool) -> Any:
    """An `openvino.Model`: one picture of `shown` (1, 128, 128, 3) to its float32 row (1, 12288).

    Sizes are fixed, so that the plugin packs the weights when it compiles, before it takes memory
    for the maps.
    `fewer_products`: by `openvino_winograd` from block 2 on, for float32 only.
    """
    ov = openvino()
    op = ov.opset13
    crop = op.parameter([1, VIEW, VIEW, 3], np.uint8, name="crop")
    means = op.constant(np.array(CHANNEL_MEANS, np.float32))
    maps = op.subtract(op.convert(crop, np.float32), means).output(0)
    maps = op.transpose(maps, op.constant([0, 3, 1, 2])).output(0)
    layer = _convolution
    taps = {}
    for block, (convolutions, _) in enumerate(BLOCKS, 1):
        if fewer_products and block == FEWER_FROM:
            maps = op.transpose(maps, op.constant([0, 2, 3, 1])).output(0)
            layer = convolution
        for number in range(1, convolutions + 1):
            kernel, bias = weights.layer(f"block{block}_conv{number}")
            if (block, number) == (1, 1):
                kernel = kernel[:, :, ::-1]  # Trained on BGR: the kernel is turned, not the crop
            maps = layer(maps, kernel, bias, pool=number == convolutions)
        taps[f"block{block}_pool"] = maps
        if taps.keys() >= set(LAYERS):
            break
    row = op.concat([_pooled(op, taps[name], fewer_products) for name in LAYERS], 1)
    return ov.Model([row], [crop], "features")


def _convolution(
    maps: Any, kernel: NDArray[np.float32], bias: NDArray[np.float32], pool: bool
) -> Any:
    """OpenVINO's own, of maps (n, c, h, w), with bias, ReLU and a 2x2 maximum after it if `pool`.
    `kernel` is (3, 3, c, k).
    """
    op = openvino().opset13
    constant = op.constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
    found = op.convolution(maps, constant, [1, 1], [1, 1], [1, 1], [1, 1])
    found = op.relu(op.add(found, op.constant(bias.reshape(1, -1, 1, 1))))
    if pool:
        found = op.max_pool(found, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2])
    return found.output(0)


def _pooled(op: Any, maps: Any, channels_last: bool) -> Any:
    """Maps averaged over the grid's cells: (n, 16 * channels), cell by cell."""
    shape = [size.get_length() for size in list(maps.get_partial_shape())[1:]]
    height, width, channels = shape if channels_last else (*shape[1:], shape[0])
    places = [height * width, channels] if channels_last else [channels, height * width]
    flat = op.reshape(maps, op.constant([0, *places]), True)
    shares = op.constant(_shares(height, width)[None])
    averages = op.matmul(shares, flat, False, not channels_last)
    return op.reshape(averages, op.constant([0, GRID * GRID * channels]), True)


def _shares(height: int, width: int) -> NDArray[np.float32]:
    """What each place of a map gives to the average of each cell: (16, height * width)."""
    shares = np.zeros((GRID * GRID, height, width), np.float32)
    for share, cell in zip(shares, cells(height, width), strict=True):
        share[cell] = 1 / share[cell].size
    return shares.reshape(GRID * GRID, -1)

"""The graph from crops to feature rows in OpenVINO's operations, with our own weights in it.

Nothing is converted or exported: the layers are laid down here one by one, as `vgg16` lays down
Keras'. OpenVINO has channels in front of height and width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.feature_row import GRID, LAYERS, cells
from engine.model.openvino_quiet import openvino
from engine.model.vgg16_plan import BLOCKS, CHANNEL_MEANS, SIZE
from engine.model.weights import Weights

GRAPH = "1"
"""Changes with this file, so that networks compiled from an older graph are not used."""


def feature_graph(weights: Weights) -> Any:
    """An `openvino.Model`: uint8 RGB crops (n, 160, 160, 3) to float32 rows (n, 12288), any n.

    The first half of the batch inside is the crops, the second their mirror images.
    """
    ov = openvino()
    op = ov.opset13
    crops = op.parameter([-1, SIZE, SIZE, 3], np.uint8, name="crops")
    backwards = np.arange(SIZE - 1, -1, -1, dtype=np.int32)
    mirrored = op.gather(crops, op.constant(backwards), op.constant(np.int32(2)))
    both = op.transpose(op.concat([crops, mirrored], 0), op.constant([0, 3, 1, 2]))
    means = np.array(CHANNEL_MEANS, np.float32).reshape(1, 3, 1, 1)
    tensor = op.subtract(op.convert(both, np.float32), op.constant(means))
    taps = {}
    for block, (convolutions, _) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            kernel, bias = weights.layer(f"block{block}_conv{number}")
            if (block, number) == (1, 1):
                kernel = kernel[:, :, ::-1]  # Trained on BGR: the kernel is turned, not the picture
            kernel = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
            tensor = op.convolution(
                tensor,
                op.constant(kernel),
                [1, 1],
                [1, 1],
                [1, 1],
                [1, 1],
                name=f"{block}.{number}",
            )
            tensor = op.relu(op.add(tensor, op.constant(bias.reshape(1, -1, 1, 1))))
        tensor = op.max_pool(tensor, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)
        taps[f"block{block}_pool"] = tensor
        if taps.keys() >= set(LAYERS):
            break
    rows = op.concat([_pooled(op, taps[name]) for name in LAYERS], 1)
    straight, mirror = op.split(rows, op.constant(np.int32(0)), 2).outputs()
    mean = op.multiply(op.add(straight, mirror), op.constant(np.float32(0.5)))
    return ov.Model([mean], [crops], "features")


def _pooled(op: Any, maps: Any) -> Any:
    """Maps (n, c, h, w) averaged over the grid's cells: (n, 16 * c), cell by cell."""
    channels, height, width = (size.get_length() for size in list(maps.get_partial_shape())[1:])
    flat = op.reshape(maps, op.constant([0, channels, height * width]), True)
    averages = op.matmul(op.constant(_shares(height, width)), flat, False, True)
    return op.reshape(averages, op.constant([0, GRID * GRID * channels]), True)


def _shares(height: int, width: int) -> NDArray[np.float32]:
    """What each place of a map gives to the average of each cell: (16, height * width)."""
    shares = np.zeros((GRID * GRID, height, width), np.float32)
    for share, cell in zip(shares, cells(height, width), strict=True):
        share[cell] = 1 / share[cell].size
    return shares.reshape(GRID * GRID, -1)

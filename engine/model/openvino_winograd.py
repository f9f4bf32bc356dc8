"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3) in OpenVINO.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016 (arXiv:1509.09308).
A map is cut into tiles of 4x4 results, each from 6x6 inputs; both sides are transformed, and the
convolution becomes 36 matrix products over the channels. OpenVINO's own float32 convolutions run
at the processor's limit, and only fewer operations are faster: VGG16 takes 0.62 of the time on
AVX2, for 200 MB more. In float32 a layer is 4 parts in a million off; bfloat16 would lose too
much.

Maps are (n, height, width, channels) here, height and width multiples of 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.openvino_networks import openvino

Float32 = NDArray[np.float32]

TILE = 4
"""Results of a tile in each direction."""
REACH = TILE + 2
"""Inputs of a tile in each direction."""
STRIP = 5
"""Tiles in a row transformed by one matrix: small ones are slow, large ones mostly zero."""

INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
KERNEL = (
    np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float32)
    / 24
)
OUTPUT = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    np.float32,
)
"""The transforms of the paper for the points 0, 1, -1, 2, -2 and infinity."""


def convolution(maps: Any, kernel: Float32, bias: Float32, pool: bool) -> Any:
    """A convolution with zero padding, its bias and ReLU, and a 2x2 maximum after it if `pool`.

    `maps` is an output (n, h, w, c) of unknown n, `kernel` (3, 3, c, k), `bias` (k,). The output
    that is returned is (n, h, w, k), or half as high and wide if `pool`.
    """
    op = openvino().opset13
    height, width = (size.get_length() for size in list(maps.get_partial_shape())[1:3])
    channels, results = kernel.shape[2:]
    down, across = height // TILE, width // TILE
    strips_down, strips_across = -(-down // STRIP), -(-across // STRIP)

    def shaped(node: Any, *shape: int) -> Any:
        return op.reshape(node, op.constant(np.array(shape, np.int64)), False)

    # First height: (n, strips, 6 * tiles, w * c); then width, each of those rows by itself.
    rows = _transformed(op, maps, height, width * channels, shaped)
    both = _transformed(op, shaped(rows, -1, width, channels), width, channels, shaped)
    tiles_down, tiles_across = down // strips_down, across // strips_across
    both = shaped(
        both, -1, strips_down, REACH, tiles_down, strips_across, REACH, tiles_across, channels
    )
    both = op.transpose(both, op.constant([2, 5, 0, 1, 3, 4, 6, 7]))
    points = shaped(both, REACH * REACH, -1, channels)
    products = _products(op, points, _kernels(kernel))
    # The tile's 4x4 results, each for all tiles.
    found = op.matmul(op.constant(_back(pool)), shaped(products, REACH * REACH, -1), False, False)
    side = TILE
    if pool:
        side = TILE // 2
        one, two, three, four = op.split(found, op.constant(np.int32(0)), 4).outputs()
        found = op.maximum(op.maximum(one, two), op.maximum(three, four))
    found = shaped(found, side, side, -1, across, results)
    found = op.transpose(found, op.constant([2, 0, 3, 1, 4]))
    found = shaped(found, -1, side * down, side * across, results)
    return op.relu(op.add(found, op.constant(bias.reshape(1, 1, 1, -1)))).output(0)


def _products(op: Any, points: Any, kernels: Float32) -> Any:
    """Each point (tiles, c) times its kernel (c, k): (36, tiles, c) to (36, tiles, k).

    One product after the other: OpenVINO takes a tenth longer for all 36 as one batch.
    """
    each = op.split(points, op.constant(np.int32(0)), len(kernels)).outputs()
    products = [
        op.matmul(one, op.constant(kernel[None]), False, False).output(0)
        for one, kernel in zip(each, kernels, strict=True)
    ]
    return op.concat(products, 0)


def _transformed(op: Any, maps: Any, length: int, inner: int, shaped: Any) -> Any:
    """Transform the second axis of `maps`, `length` long, `inner` values each: strip by strip."""
    places, matrices = strips(length)
    count, _, reach = matrices.shape
    if count > 1:
        maps = op.gather(maps, op.constant(places), op.constant(np.int32(1)))
    cut = shaped(maps, -1, count, reach, inner)
    return op.matmul(op.constant(matrices[None]), cut, False, False)


def strips(length: int) -> tuple[NDArray[np.int32], Float32]:
    """The places that each strip of a line reads, all strips in a row, and its matrix.

    Matrices are (strips, 6 * tiles, reach): point by point, tile by tile. At both ends of the
    line a strip starts where the line does, and its matrix leaves out what would lie beyond.
    """
    tiles = length // TILE
    count = -(-tiles // STRIP)
    if tiles % count:
        raise ValueError(f"{tiles} tiles do not make equal strips")
    each = tiles // count
    reach = min(TILE * each + 2, length)
    matrices = np.zeros((count, REACH, each, reach), np.float32)
    starts = [min(max(TILE * each * strip - 1, 0), length - reach) for strip in range(count)]
    for strip, start in enumerate(starts):
        for tile in range(each):
            first = TILE * (strip * each + tile) - 1
            for offset in range(REACH):
                if 0 <= first + offset < length:
                    matrices[strip, :, tile, first + offset - start] = INPUT[:, offset]
    places = np.concatenate([np.arange(start, start + reach) for start in starts])
    return places.astype(np.int32), matrices.reshape(count, REACH * each, reach)


def _back(pool: bool) -> Float32:
    """From a tile's 36 points to its 4x4 results (16, 36), row by row; with `pool` first the
    upper left of all its 2x2 squares, then the upper right and so on, so that a maximum over a
    square is one of four equal parts.
    """
    matrix = np.kron(OUTPUT, OUTPUT)
    if pool:
        half = TILE // 2
        matrix = matrix.reshape(half, 2, half, 2, -1).transpose(1, 3, 0, 2, 4).reshape(matrix.shape)
    return np.ascontiguousarray(matrix)


def _kernels(kernel: Float32) -> Float32:
    """A kernel (3, 3, c, k) at the 36 points: (36, c, k)."""
    points = np.kron(KERNEL, KERNEL) @ kernel.reshape(9, -1)
    return points.astype(np.float32).reshape(REACH * REACH, *kernel.shape[2:])

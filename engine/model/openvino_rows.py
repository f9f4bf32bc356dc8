"""From aligned crops to feature rows of both networks with OpenVINO: ready in half a second.

Nothing is converted or exported: the layers are laid down here one by one, as `keras_networks`
lays down Keras'. OpenVINO's convolutions have channels in front of height and width, ours behind.

VGG16's 3x3 convolutions take a quarter of the multiplications, by Winograd's F(4x4, 3x3): Lavin and
Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016 (arXiv:1509.09308).
A map is cut into tiles of 4x4 results, each from 6x6 inputs; both sides are transformed, and the
convolution becomes 36 matrix products over the channels. OpenVINO's own float32 convolutions run
at the processor's limit, and only fewer operations are faster: VGG16 takes 0.62 of the time on
AVX2, for 200 MB more. In float32 a layer is 4 parts in a million off; bfloat16 would lose too
much. Its maps are (n, height, width, channels), height and width multiples of 4.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from platform import machine as machine_name
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.machine import has_bfloat16
from engine.model import resnet
from engine.model.vgg16 import (
    BLOCKS,
    CHANNEL_MEANS,
    GRID,
    LAYERS,
    RECIPE,
    ROW,
    VIEW,
    Arithmetic,
    cells,
    check_crops,
    row_digest,
    shown,
)
from engine.model.weights import Weights
from engine.openvino_networks import Network, compiled, openvino, sources_digest

Float32 = NDArray[np.float32]

_networks: dict[str, Network] = {}


class OpenVinoRows(ABC):
    """Crops to feature rows of the network `name`. Calls may come from any thread; they take turns.

    `digest` names weights, recipe and arithmetic: rows of different digests never mix. All
    extractors of a process with the same weights and precision share one compiled network.
    """

    name: str
    recipe: str
    length: int
    compiling: threading.Lock
    """One a network, for both are loaded at a time."""

    def __init__(
        self, weights: str, build: Callable[[str], Any], low_precision: bool | None
    ) -> None:
        """`build` lays down the network for a precision; `weights` is the digest of its weights.
        `low_precision`: bfloat16 arithmetic; None chooses it where the processor has it.

        Raises ImportError where OpenVINO is not installed, RuntimeError where it cannot compile.
        """
        low = has_bfloat16() if low_precision is None else low_precision
        precision = "bf16" if low else "f32"
        key = f"{self.name} {weights} {precision}"
        with self.compiling:
            if key not in _networks:
                _networks[key] = compiled(
                    self.name,
                    f"{weights} {self.recipe} {sources_digest(__file__, resnet.__file__)}",
                    lambda: build(precision),
                    PERFORMANCE_HINT="LATENCY",  # One stream: two are no faster, and late.
                    INFERENCE_PRECISION_HINT=precision,
                    ENABLE_CPU_PINNING=False,  # The camera process needs the same cores.
                )
            network = _networks[key]
        self._network, self._constants = network.compiled, network.constants
        # The plugin computes in float32 where it cannot do what it was asked for.
        used = self._network.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.low_precision = used == "bf16"
        arithmetic: Arithmetic = "openvino bfloat16" if self.low_precision else "float32"
        self.digest = row_digest(weights, arithmetic, self.recipe)

    @staticmethod
    @abstractmethod
    def prepared(crops: NDArray[np.uint8]) -> NDArray[Any]:
        """The network's input of crops."""

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, length), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; a caller who wants to cancel or to show progress passes so many at a time. Raises
        ValueError if `crops` has another shape or type.
        """
        check_crops(crops)
        rows = np.empty((len(crops), self.length), np.float32)
        request = self._network.create_infer_request()  # One a call: threads share no buffers.
        # One at a time fills the cores; more are no faster and take 20 MB each.
        for row, crop in zip(rows, crops, strict=True):
            row[:] = request.infer([self.prepared(crop[None])])[0][0]
        return rows


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
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32
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


FEWER_FROM = 2
"""First block by Winograd. Block 1 has the largest maps and few channels: carrying its
tiles to and fro takes longer than the multiplications that it saves.
"""


def feature_graph(weights: Weights, fewer_products: bool) -> Any:
    """An `openvino.Model`: one picture of `shown` (1, 128, 128, 3) to its float32 row (1, 12288).

    Sizes are fixed, so that the plugin packs the weights when it compiles, before it takes memory
    for the maps.
    `fewer_products`: by Winograd from block 2 on, for float32 only.
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


X86 = frozenset({"x86_64", "AMD64"})
"""Where Winograd was measured; on ARM OpenVINO has ways of its own."""


class OpenVinoExtractor(OpenVinoRows):
    """Crops to rows of VGG16."""

    name, recipe, length = "vgg16", RECIPE, ROW
    compiling = threading.Lock()
    prepared = staticmethod(shown)

    def __init__(self, weights: Weights, low_precision: bool | None = None) -> None:
        """As `OpenVinoRows`."""

        def build(precision: str) -> Any:
            return feature_graph(weights, precision == "f32" and machine_name() in X86)

        super().__init__(weights.digest, build, low_precision)


class ResnetExtractor(OpenVinoRows):
    """Crops to rows of the face network; they are not of unit length."""

    name, recipe, length = "resnet", resnet.RECIPE, resnet.ROW
    compiling = threading.Lock()
    prepared = staticmethod(resnet.chips)

    def __init__(self, low_precision: bool | None = None) -> None:
        """As `OpenVinoRows`; raises ModelCorrupt or ModelError too, for the packaged weights."""

        def build(precision: str) -> Any:
            return resnet_graph(resnet.load_resnet())

        super().__init__(resnet.PACKAGED_SHA256, build, low_precision)


def resnet_graph(weights: Weights) -> Any:
    """An `openvino.Model`: one of `chips` (1, 3, 150, 150), float32, to its row (1, 128)."""
    ov = openvino()
    op = ov.opset13
    chip = op.parameter([1, 3, resnet.CHIP, resnet.CHIP], np.float32, name="chip")
    maps = op.relu(_face_convolution(op, chip, weights, resnet.FIRST, 2, 0))
    maps = op.max_pool(maps, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
    for block in resnet.blocks():
        step, border = (2, 0) if block.down else (1, 1)
        inner = op.relu(_face_convolution(op, maps, weights, f"{block.name}_conv1", step, border))
        found = _face_convolution(op, inner, weights, f"{block.name}_conv2", 1, 1)
        if block.down:
            maps = op.avg_pool(maps, [2, 2], [0, 0], [0, 0], [2, 2], True).output(0)
        shape = np.maximum(list(found.get_shape()), list(maps.get_shape()))
        both = (_padded(op, each, shape) for each in (found, maps))
        maps = op.relu(op.add(*both)).output(0)
    means = op.reduce_mean(maps, op.constant([2, 3]), False)
    rows = op.matmul(
        means, op.constant(weights.arrays["embedding_kernel"].astype(np.float32)), False, False
    )
    return ov.Model([rows], [chip], "face network")


def _face_convolution(
    op: Any, maps: Any, weights: Weights, name: str, step: int, border: int
) -> Any:
    kernel, bias = weights.layer(name)
    constant = op.constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
    around = [border, border]
    found = op.convolution(maps, constant, [step, step], around, around, [1, 1])
    return op.add(found, op.constant(bias.reshape(1, -1, 1, 1))).output(0)


def _padded(op: Any, maps: Any, shape: NDArray[np.int64]) -> Any:
    """Maps with zeros behind their channels, rows and columns, up to `shape`."""
    missing = shape - list(maps.get_shape())
    if not missing.any():
        return maps
    zero = op.constant(np.float32(0))
    return op.pad(maps, op.constant([0] * 4), op.constant(missing), "constant", zero).output(0)

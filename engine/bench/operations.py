"""VGG16's arithmetic counted on paper: what a convolution costs as its definition has it."""

from __future__ import annotations

from engine.model.vgg16_plan import BLOCKS, VIEW

KERNEL = 3
WINOGRAD = 4.0
"""How many times fewer multiplications F(4x4, 3x3) needs, the largest tile that runtimes use
(Lavin and Gray, CVPR 2016)."""


def multiply_adds(size: int = VIEW, blocks: int = 4) -> int:
    """Multiply-adds of the convolutions of the first `blocks` blocks, for one picture.

    Biases, activations and pooling are left out: under one per cent. A multiply-add is two
    floating-point operations.
    """
    total, channels, side = 0, 3, size
    for convolutions, wide in BLOCKS[:blocks]:
        for _ in range(convolutions):
            total += side * side * KERNEL * KERNEL * channels * wide
            channels = wide
        side //= 2
    return total


def operations_of_a_row() -> int:
    """Floating-point operations of one feature row: a crop to block 4."""
    return 2 * multiply_adds()

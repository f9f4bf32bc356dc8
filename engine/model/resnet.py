"""The face network: its plan, its packaged weights, and its input.

D. King's face recognition ResNet of dlib: 29 convolutions after K. He et al., "Deep Residual
Learning for Image Recognition" (CVPR 2016), trained with a metric loss on about three million
faces and released under CC0 1.0. The affine layer after each convolution is folded into it.
Importing this loads neither OpenVINO nor TensorFlow nor OpenCV: `openvino_rows` and
`keras_networks` compute.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import ModelCorrupt, ModelError
from engine.model.arrays import unpack
from engine.model.vgg16 import SIZE as CROP
from engine.model.vgg16 import BackboneRow, check_crops
from engine.model.weights import Weights

PACKAGED = Path(__file__).parent / "weights" / "face_resnet.npz"
PACKAGED_SHA256 = "52c062bcfd8ac2e70825073b3c6f2ef3a454e76d307bbd65c8d11c22aeaf7897"

FIRST = "conv32_down"
"""The first convolution: 7x7, in steps of 2, before a 3x3 maximum in steps of 2."""
BLOCKS = (
    "conv32_1", "conv32_2", "conv32_3",
    "conv64_down", "conv64_1", "conv64_2", "conv64_3",
    "conv128_down", "conv128_1", "conv128_2",
    "conv256_down", "conv256_1", "conv256_2", "conv256_down_out",
)  # fmt: skip
"""The residual blocks in order, each of two 3x3 convolutions. The number is their channels."""
ROW = 128
"""Values in a feature row."""
RECIPE = "blaze4 chip150 v1"
"""Changes whenever the same crop would give other rows, so that old caches are not mixed in."""

DIGEST = hashlib.sha256(f"{PACKAGED_SHA256} {RECIPE}".encode()).hexdigest()
"""Names weights and recipe, whatever the arithmetic."""

CHIP = 150
"""Side of the network's input in pixels."""
CROP_OF_CHIP = np.array([[0.9346, 0.0114, 10.784], [-0.011, 0.9347, 31.5314]])
"""From a pixel of the chip (x, y, 1) to its place in the crop: where dlib's own chip (padding 0.25)
lies there, median over background people. Below the crop its last row is repeated."""
CHANNEL_MEANS = (122.782, 117.001, 104.298)
"""Mean red, green and blue of the pictures the network was trained on, 0..255."""
SCALE = 256.0


@dataclass(frozen=True, slots=True)
class Block:
    """One residual block: two 3x3 convolutions, and what is added to what they give.

    `down`: the first convolution goes in steps of 2 without a border, and a 2x2 mean in steps of 2
    is added; else its input is. The smaller of the two is padded with zeros, behind.
    """

    name: str
    channels: int
    down: bool


def blocks() -> tuple[Block, ...]:
    """The plan after the first convolution."""
    return tuple(Block(n, int(n.removeprefix("conv").split("_")[0]), "down" in n) for n in BLOCKS)


def load_resnet() -> Weights:
    """The packaged weights: `NAME_kernel` (height, width, in, out), `NAME_bias`, and from the means
    of the last maps to the row `embedding_kernel` (256, 128).

    Raises ModelCorrupt if the file is not the one that was packaged, ModelError if it cannot be
    read.
    """
    try:
        data = PACKAGED.read_bytes()
    except OSError as error:
        raise ModelError(
            "The weights of the face network cannot be read",
            f"{PACKAGED}: {error.strerror}",
            "Install Facedesk again.",
        ) from error
    if hashlib.sha256(data).hexdigest() != PACKAGED_SHA256:
        raise ModelCorrupt(
            "The weights of the face network are damaged",
            f"{PACKAGED} does not match its digest",
            "Install Facedesk again.",
        )
    return Weights(unpack(data, PACKAGED.name), PACKAGED.name, PACKAGED_SHA256)


def chips(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's input (n, 3, 150, 150), float32, of RGB uint8 crops (n, 160, 160, 3).

    Turned and scaled by CROP_OF_CHIP, between pixels linearly, centred and scaled. Here and not in
    the network, so that bfloat16 arithmetic does not round the places. Raises ValueError if
    `crops` has another shape or type.
    """
    check_crops(crops)
    pixels, shares = _warp()
    planes = crops.reshape(len(crops), CROP * CROP, 3).transpose(0, 2, 1).astype(np.float32)
    planes -= np.array(CHANNEL_MEANS, np.float32)[:, None]
    found = np.zeros((len(crops), 3, CHIP * CHIP), np.float32)
    for pixel, share in zip(pixels, shares, strict=True):
        found += planes.take(pixel, axis=2) * share
    return found.reshape(len(crops), 3, CHIP, CHIP)


@cache
def _warp() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each pixel of the chip the four pixels of the crop around its place, and the share of
    each, already divided by SCALE: (4, 22500) both. Outside the crop its border is repeated.
    """
    places = np.stack([*np.indices((CHIP, CHIP))[::-1], np.ones((CHIP, CHIP))]).reshape(3, -1)
    at = CROP_OF_CHIP @ places
    corner = np.floor(at)
    pixels, shares = [], []
    for step in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x, y = (np.clip(c + s, 0, CROP - 1) for c, s in zip(corner, step, strict=True))
        pixels.append(y * CROP + x)
        shares.append(
            np.prod([1 - abs(a - c - s) for a, c, s in zip(at, corner, step, strict=True)], 0)
        )
    return np.array(pixels, np.intp), (np.array(shares) / SCALE).astype(np.float32)


BACKBONE = BackboneRow(
    name="resnet",
    title="face network",
    judges="the face network judges alone",
    space="resnet_space.npz",
    alike=0.42,
    two_faces=(0.48, 0.36),
    fit={"components": 128, "dims": 128, "shrinkage": 2.0, "rooted": False},
    weights=(PACKAGED, PACKAGED_SHA256),
    licence="CC0 1.0",
    digest=DIGEST,
    openvino="engine.model.openvino_rows:ResnetExtractor",
    keras="engine.model.keras_networks:KerasResnetExtractor",
)

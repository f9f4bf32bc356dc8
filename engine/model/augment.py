"""Augmented views of training crops, computed once, so that their features can be cached."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

VERSION = 1
"""Changes whenever the same crop, view and seed would give another picture."""

# What a webcam and an imperfect alignment do to a face, no more: a view must stay her face.
_ROTATION = 7.0  # degrees
_SHIFT = 0.035  # of the width
_ZOOM = 0.06
_BRIGHTNESS = 25.0  # grey levels
_CONTRAST = 0.2
_BLUR_SHARE, _BLUR = 0.3, 1.4  # share of views, largest sigma in pixels

ENOUGH = 60
"""Pictures of a person from which augmented views would add nothing but work: LFW's
people have 24 at most, and theirs help a little; a capture's hundred are views of their own."""


def wanted_views(pictures: int, most: int) -> int:
    """How many views of each of a person's `pictures` to make, `most` at most.

    The next view of all is wanted while those before it, with the pictures, are fewer than ENOUGH.
    """
    return sum(pictures * view < ENOUGH for view in range(1, most + 1))


def augment_view(crop: NDArray[np.uint8], view: int, seed: int) -> NDArray[np.uint8]:
    """View number `view` (from 1) of a crop: uint8 (h, w, 3), RGB, in and out.

    A small rotation, shift and zoom, brightness and contrast, sometimes a slight blur. No flip:
    pictures to be named are not mirrored. The same crop, view and seed always give the same
    picture, whatever was asked for before.
    """
    import cv2  # 30 MB, which a process that only names faces does not need

    key = hashlib.sha256(np.ascontiguousarray(crop).data)
    key.update(f"{seed} {view} {VERSION}".encode())
    random = np.random.default_rng(list(key.digest()))
    height, width = crop.shape[:2]
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2),
        random.uniform(-_ROTATION, _ROTATION),
        random.uniform(1 - _ZOOM, 1 + _ZOOM),
    )
    matrix[0, 2] += random.uniform(-_SHIFT, _SHIFT) * width
    matrix[1, 2] += random.uniform(-_SHIFT, _SHIFT) * height
    turned = cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    if random.uniform() < _BLUR_SHARE:
        turned = cv2.GaussianBlur(turned, (0, 0), random.uniform(0.4, _BLUR))
    contrast = random.uniform(1 - _CONTRAST, 1 + _CONTRAST)
    brightness = random.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    levels = (turned.astype(np.float32) - 127.5) * contrast + 127.5 + brightness
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)


def augment_views(crops: NDArray[np.uint8], views: int, seed: int = 1) -> NDArray[np.uint8]:
    """Views 1 to `views` of every crop: (n, h, w, 3) to (views, n, h, w, 3), uint8, RGB."""
    made = np.empty((views, *crops.shape), np.uint8)
    for view in range(views):
        for index, crop in enumerate(crops):
            made[view, index] = augment_view(crop, view + 1, seed)
    return made

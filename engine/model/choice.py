"""Which networks this machine can carry: both, or the face network alone.

VGG16 takes by far the most arithmetic. Where it alone takes longer than SLOW a face, as on small
boards, live recognition could not follow, so the face network judges alone there.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FacedeskError
from engine.files import write_plain
from engine.model.feature_row import RECIPE
from engine.model.processor import processor_name
from engine.model.record import BackboneName
from engine.model.vgg16_plan import SIZE
from engine.openvino_networks import cache_folder
from engine.settings import BackboneWish
from engine.threads import usable_cores

if TYPE_CHECKING:
    from engine.model.feature_row import Extracts

SLOW = 0.150
"""Seconds a face from which on VGG16 is too slow."""
TRIES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A backbone and one sentence why, without a full stop."""

    name: BackboneName
    reason: str


def choose_backbone(wish: BackboneWish, seconds: float | None) -> Choice:
    """What `wish` (setting `model.backbone`) means on a machine where VGG16 takes `seconds` a
    face; None if that was never measured here."""
    if wish != "auto":
        return Choice(wish, "the setting model.backbone asks for it")
    if seconds is not None and seconds > SLOW:
        return Choice(
            "resnet",
            f"VGG16 takes {seconds * 1000:.0f} ms a face here, more than {SLOW * 1000:.0f}",
        )
    if seconds is None:
        return Choice("both", "this machine's speed is measured at the first training")
    return Choice("both", f"VGG16 takes {seconds * 1000:.0f} ms a face here")


def remembered() -> float | None:
    """Seconds that VGG16 took a face here, if it was measured."""
    try:
        found = json.loads(_file().read_text("utf-8"))[_key()]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(found) if type(found) in (int, float) and found > 0 else None


def measured(vgg16: Extracts) -> float:
    """Seconds that VGG16 takes a face: as remembered, else measured now and remembered.

    It is the least processor time of a few faces, shared out over the cores: what else the
    machine is doing does not count.
    """
    known = remembered()
    if known is not None:
        return known
    black = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    vgg16.extract(black)  # packs the weights
    taken = []
    for _unused in range(TRIES):
        began = time.process_time()
        vgg16.extract(black)
        taken.append(time.process_time() - began)
    seconds = max(min(taken) / usable_cores(), 1e-6)
    with contextlib.suppress(FacedeskError, OSError):  # else measured again next time
        write_plain(_file(), json.dumps({_key(): round(seconds, 6)}).encode())
    return seconds


def _key() -> str:
    return f"{RECIPE}, {processor_name()}, {usable_cores()} cores"


def _file() -> Path:
    return cache_folder().with_name("seconds_a_face.json")

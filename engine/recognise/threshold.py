"""The thresholds in force: one way to them, for a training and for every later start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from engine.errors import ModelCorrupt
from engine.events import Threshold
from engine.model.face_space import Space
from engine.model.record import LARGEST_SCORE
from engine.model.store import ModelInfo
from engine.recognise.calibration import Calibration, Kept, Own, calibrate
from engine.recognise.own_strangers import StrangerSet, corrected
from engine.recognise.scoring import Gallery
from engine.recognise.words import brief, sentence


def settle(
    space: Space,
    gallery: Gallery,
    fpir: float,
    kept: Kept,
    strangers: StrangerSet | None = None,
) -> tuple[Gallery, Calibration]:
    """The thresholds for this very gallery, the dial `fpir` and the operator's own strangers.

    The gallery that is returned has them. `gallery`'s names are identities.
    """
    made = calibrate(space.impostors, fpir, gallery.names, kept)
    if strangers is not None and len(strangers):
        made = corrected(made, gallery.with_raised(made.raised), strangers)
    made = replace(made, sentence=sentence(made), brief=brief(made))
    return gallery.with_raised(made.raised), made


def record(calibration: Calibration, kept: Kept) -> dict[str, Any]:
    """What a model keeps of its calibration, as JSON; `kept_of` reads it back."""
    return {
        "fpir": calibration.fpir,
        "people": calibration.people,
        "raised": list(calibration.raised),
        "own": {id: asdict(own) for id, own in kept.own.items()},
        "stand_ins": kept.stand_ins,
        "stand_in_hits": kept.stand_in_hits,
        "measured": calibration.measured,
        "hits": calibration.hits,
        "fpir_low": calibration.fpir_low,
        "fpir_high": calibration.fpir_high,
        "notes": list(calibration.notes),
        "sentence": calibration.sentence,
    }


def kept_of(info: ModelInfo) -> Kept:
    """What training kept of the enrolled pictures.

    Raises ModelCorrupt if the record or the threshold holds what is no number.
    """
    found = info.calibration
    if info.threshold is not None and not np.isfinite(info.threshold):
        raise _damaged(f"{info.id}: its threshold is no number")
    try:
        own = {str(id): _own(each) for id, each in found.get("own", {}).items()}
        kept = Kept(own, int(found.get("stand_ins", 0)), float(found.get("stand_in_hits", 0.0)))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise _damaged(f"{info.id}: its calibration is no calibration") from error
    return kept


def threshold_event(calibration: Calibration, job: str) -> Threshold:
    """The calibration as an event of `job`."""
    return Threshold(
        job=job,
        threshold=calibration.threshold,
        fpir=calibration.fpir,
        people=calibration.people,
        measured=calibration.measured,
        fpir_low=calibration.fpir_low,
        fpir_high=calibration.fpir_high,
        sentence=calibration.sentence,
        brief=calibration.brief,
        notes=calibration.notes,
    )


def _own(found: Mapping[str, Any]) -> Own:
    pictures = found["pictures"]
    if type(pictures) is not int or pictures < 0:
        raise ValueError(pictures)
    return Own(pictures, *(_score(found.get(name)) for name in ("mean", "low", "near")))


def _score(value: Any) -> float | None:
    """A score, which is a cosine less means of cosines, or None."""
    if value is None:
        return None
    if type(value) not in (int, float) or not abs(value) <= LARGEST_SCORE:
        raise ValueError(value)
    return float(value)


def _damaged(why: str) -> ModelCorrupt:
    return ModelCorrupt("The model is damaged", why, "Train again.")

"""The threshold in force: one way to it, for a training and for every later start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import ModelCorrupt
from engine.events import Threshold
from engine.i18n import _
from engine.model.face_space import FaceSpace
from engine.model.store import ModelInfo
from engine.recognise.calibration import (
    MARGIN,
    SPENT,
    Calibration,
    Kept,
    from_kept,
    threshold_for,
)
from engine.recognise.own_strangers import StrangerSet, corrected
from engine.recognise.scoring import Gallery
from engine.recognise.words import brief, sentence


def settle(
    space: FaceSpace,
    gallery: Gallery,
    fpir: float,
    kept: Kept,
    strangers: StrangerSet | None = None,
) -> Calibration:
    """The threshold for this very gallery, the dial `fpir` and the operator's own strangers."""
    made = from_kept(space.impostors, len(gallery), fpir, kept)
    if strangers is not None and len(strangers):
        made = corrected(made, strangers.search(gallery))
    return replace(made, sentence=sentence(made, space), brief=brief(made, space))


def record(calibration: Calibration) -> dict[str, Any]:
    """What a model keeps of its calibration, as JSON; `kept_of` reads it back."""
    kept = calibration.kept
    return {
        "fpir": calibration.fpir,
        "people": calibration.people,
        "source": calibration.source,
        "raised": calibration.raised,
        "notes": list(calibration.notes),
        "own_raised": kept.raised,
        "weakest": kept.weakest,
        "held_out": list(kept.held_out),
        "genuine": list(kept.genuine),
        "measured": calibration.measured,
        "hits": calibration.hits,
        "fpir_low": calibration.fpir_low,
        "fpir_high": calibration.fpir_high,
        "sentence": calibration.sentence,
    }


def kept_of(info: ModelInfo, space: FaceSpace, fpir: float) -> Kept:
    """What training kept of the enrolled pictures; for older models what can be told from them.

    Raises ModelCorrupt if the record or the threshold holds what is no number.
    """
    found = info.calibration
    if info.threshold is not None and not np.isfinite(info.threshold):
        raise ModelCorrupt(
            _("The model is damaged"), _("{id}: its threshold is no number").format(id=info.id)
        )
    try:
        kept = _recorded(found) if "own_raised" in found else _older(info, space, fpir)
    except (TypeError, ValueError) as error:
        raise ModelCorrupt(
            _("The model is damaged"),
            _("{id}: its calibration is no calibration").format(id=info.id),
        ) from error
    numbers = [kept.raised, kept.weakest or 0.0, *kept.genuine]
    # The shipped curve's threshold is only ever raised: a record that lowers it lets strangers in.
    if not np.isfinite(numbers).all() or kept.raised < 0:
        raise ModelCorrupt(
            _("The model is damaged"),
            _("{id}: its calibration holds no numbers").format(id=info.id),
        )
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


def _recorded(found: Mapping[str, Any]) -> Kept:
    weakest = found.get("weakest")
    return Kept(
        raised=float(found["own_raised"]),
        weakest=None if weakest is None else float(weakest),
        held_out=tuple(map(str, found.get("held_out", ()))),
        genuine=tuple(map(float, found.get("genuine", ()))),
    )


def _older(info: ModelInfo, space: FaceSpace, fpir: float) -> Kept:
    """From a record that tells only by how much the threshold was raised, or not even that."""
    found = info.calibration
    raised = found.get("raised")
    if raised is None and info.threshold is None:
        return Kept()
    if raised is None or info.threshold is None:
        people, dial = max(len(info.people), 1), float(found.get("fpir", fpir))
        shipped = threshold_for(space.impostors, people, dial)
        if raised is None:
            raised = max(0.0, (info.threshold or 0.0) - shipped)
        return Kept(raised=float(raised))
    if found.get("source") == MARGIN:
        return Kept(weakest=float(info.threshold) - float(raised) + float(raised) / SPENT)
    return Kept(raised=float(raised))

"""What the thresholds mean, in words for an operator."""

from __future__ import annotations

import math

from engine.recognise.calibration import Calibration
from engine.recognise.own_strangers import strangers_needed, whole
from engine.shown import many

LEAST_STRANGERS = 20
"""Own strangers below which a figure from them says next to nothing."""


def sentence(calibration: Calibration) -> str:
    """What share of strangers may be named, what was measured, and on how many."""
    said = [f"Expected false matches: {percent(calibration.fpir)}."]
    if calibration.measured:
        said.append(_measured(calibration))
    else:
        said.append("Not yet measured on strangers at your camera: `facedesk strangers add`.")
    if calibration.stand_ins:
        said.append(
            (
                "Of {count} enrolled person, searched without themselves, {hits:.3g} was named."
                if calibration.stand_ins == 1
                else (
                    "Of {count} enrolled people, each searched without themselves, {hits:.3g} were "
                    "named."
                )
            ).format(count=calibration.stand_ins, hits=calibration.stand_in_hits)
        )
    if calibration.alone:
        said.append(
            many(
                calibration.alone,
                "person has one picture only: their threshold is a careful guess.",
                "people have one picture only: their thresholds are a careful guess.",
            )
        )
    if calibration.lean:
        said.append(
            many(
                calibration.lean,
                "person has fewer than five pictures: their threshold follows how others' pictures vary.",
                "people have fewer than five pictures: their thresholds follow how others' pictures vary.",
            )
        )
    return " ".join(said)


def brief(calibration: Calibration) -> str:
    """The same in a few words, for a line of a screen."""
    if calibration.measured < LEAST_STRANGERS:
        return f"false matches about {percent(calibration.fpir)}"
    return f"false matches at most {percent(calibration.fpir_high)}"


def percent(share: float) -> str:
    """A share as a percentage: `1 %`, `0.2 %`, at two digits, rounded up."""
    hundredths = share * 100
    if hundredths <= 0 or hundredths >= 10:
        return f"{math.ceil(hundredths - 1e-9)} %"
    digits = 1 - math.floor(math.log10(hundredths))
    step = 10.0**-digits
    return f"{math.ceil(hundredths / step - 1e-6) * step:.2g} %"


def _measured(calibration: Calibration) -> str:
    count, hits = calibration.measured, whole(calibration.hits)
    text = (
        "{hits} of {count} stranger of your own is named, which shows at most {bound}."
        if count == 1
        else "{hits} of {count} strangers of your own are named, which shows at most {bound}."
    ).format(hits=hits, count=count, bound=percent(calibration.fpir_high))
    if count < LEAST_STRANGERS:
        needed = strangers_needed(calibration.fpir)
        text += " " + f"It takes {needed} to show {percent(calibration.fpir)}."
    return text

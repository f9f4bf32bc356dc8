"""What a threshold means, in words for an operator."""

from __future__ import annotations

import math

from engine.model.face_space import FaceSpace
from engine.recognise.calibration import Calibration, expected_fpir
from engine.recognise.intervals import at_most
from engine.recognise.own_strangers import strangers_needed, whole

LEAST_STRANGERS = 20
"""Own strangers below which a figure from them says next to nothing."""


def sentence(calibration: Calibration, space: FaceSpace) -> str:
    """What share of strangers may be named, how that is known, and from how many strangers.

    With own strangers the bound is one-sided at 95 %, rounded up; without, it is what the
    shipped curve expects before anything raised the threshold, for a raise is there because
    the curve's strangers resemble the enrolled people less than those at one's own door do.
    """
    count, base = calibration.measured, _base(calibration.fpir)
    if not count:
        return (
            f"About {_expected(calibration, space)} of {base:,} strangers may be named; taken "
            f"from {_origin(space)} (shipped curve), not measured on your camera: "
            "`facedesk strangers add`."
        )
    text = (
        f"At most {_bound(calibration)} of {base:,} strangers are named (95 %); measured on "
        f"{_measured(count, whole(calibration.hits))}."
    )
    if count < LEAST_STRANGERS:
        text += (
            f" That is too few to say much: {strangers_needed(calibration.fpir)}, none of them "
            f"named, would show at most {calibration.fpir * base:.3g} of {base:,}."
        )
    return text


def brief(calibration: Calibration, space: FaceSpace) -> str:
    """The same in a few words, for a line of a screen."""
    base = _base(calibration.fpir)
    if calibration.measured < LEAST_STRANGERS:
        return f"about {_expected(calibration, space)} in {base:,} strangers"
    return f"at most {_bound(calibration)} in {base:,} strangers"


def _base(fpir: float) -> int:
    """Of how many strangers to speak: a hundred, more where the target is below one of them."""
    return int(10 ** max(2, math.ceil(-math.log10(fpir) - 1e-9)))


def _bound(calibration: Calibration) -> int:
    bound = at_most(whole(calibration.hits), calibration.measured)
    return math.ceil(_base(calibration.fpir) * bound - 1e-9)


def _expected(calibration: Calibration, space: FaceSpace) -> int:
    shipped = calibration.threshold - calibration.raised
    share = expected_fpir(space.impostors, calibration.people, shipped)
    return max(1, round(_base(calibration.fpir) * share))


def _origin(space: FaceSpace) -> str:
    people = space.provenance.get("people")
    return f"{people:,} people of news photographs" if isinstance(people, int) else "other people"


def _measured(count: int, hits: int) -> str:
    if count == 1:
        return f"1 stranger, who was {'named' if hits else 'not'}"
    passed = {0: "none of whom was", 1: "1 of whom was"}.get(hits, f"{hits} of whom were")
    return f"{count:,} strangers, {passed}"

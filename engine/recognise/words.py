"""What a threshold means, in words for an operator."""

from __future__ import annotations

import math

from engine.i18n import _, _n
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
        return _(
            "About {count} of {base:,} strangers may be named; taken from {origin} "
            "(shipped curve), not measured on your camera: `facedesk strangers add`."
        ).format(count=_expected(calibration, space), base=base, origin=_origin(space))
    text = _(
        "At most {bound} of {base:,} strangers are named (95 %); measured on {measured}."
    ).format(
        bound=_bound(calibration), base=base, measured=_measured(count, whole(calibration.hits))
    )
    if count < LEAST_STRANGERS:
        needed = strangers_needed(calibration.fpir)
        more = _(
            "That is too few to say much: {needed}, none of them named, would show at most "
            "{most:.3g} of {base:,}."
        ).format(needed=needed, most=calibration.fpir * base, base=base)
        return f"{text} {more}"
    return text


def brief(calibration: Calibration, space: FaceSpace) -> str:
    """The same in a few words, for a line of a screen."""
    base = _base(calibration.fpir)
    if calibration.measured < LEAST_STRANGERS:
        return _("about {count} in {base:,} strangers").format(
            count=_expected(calibration, space), base=base
        )
    return _("at most {bound} in {base:,} strangers").format(bound=_bound(calibration), base=base)


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
    return (
        _("{people:,} people of news photographs").format(people=people)
        if isinstance(people, int)
        else _("other people")
    )


def _measured(count: int, hits: int) -> str:
    if count == 1:
        return _("1 stranger, who was named") if hits else _("1 stranger, who was not")
    if not hits:
        return _("{count:,} strangers, none of whom was").format(count=count)
    return _n(
        "{count:,} strangers, {hits} of whom was", "{count:,} strangers, {hits} of whom were", hits
    ).format(count=count, hits=hits)

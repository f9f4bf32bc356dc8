"""What is known of a person, in words: the same in the app and on the command line."""

from __future__ import annotations

import math

from engine.service.protocol import ConfusionFacts, Consent
from tui.text import day, many


def figure(value: float) -> str:
    """A measured value without decimals, or a dash."""
    return "-" if math.isnan(value) else f"{value:.0f}"


def percent(value: float) -> str:
    """A share in percent, or a dash."""
    return "-" if math.isnan(value) else f"{value:.0%}"


def consent_words(consent: Consent | None) -> str:
    """What is noted about consent, in a sentence."""
    if consent is None:
        return "Consent: none noted."
    version = f", text version {consent.text_version}" if consent.text_version else ""
    when = f" on {day(consent.at)}" if consent.at else ""
    text = f"Consent: noted by {consent.by}{when}{version}"
    return f"{text}; withdrawn on {day(consent.withdrawn)}." if consent.withdrawn else f"{text}."


def confusion_words(confusion: ConfusionFacts | None) -> str:
    """How often a person was confused in the last evaluation and with whom, in a sentence."""
    if confusion is None:
        return "Confused with: not measured with the model in use (v measures)."
    if not confusion.probes:
        return "Confused with: the last evaluation had no probe of this person."
    named = f"{confusion.named} of {many(confusion.probes, 'probe')} named rightly"
    others = ", ".join(f"{name} {many(count, 'time')}" for name, count in confusion.others)
    return f"{named}, {confusion.nobody} not named. Taken for: {others or 'nobody else'}."


def kept_words(days: int) -> str:
    """Whether a deletion can be undone, in a sentence."""
    if not days:
        return "They will be lost for good: the trash keeps nothing (trash.keep_days is 0)."
    return f"This can be undone for {many(days, 'day')}."

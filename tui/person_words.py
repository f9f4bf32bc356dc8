"""What is known of a person, in words: the same in the app and on the command line."""

from __future__ import annotations

from collections.abc import Mapping

from engine.service.protocol import ConfusionFacts, Consent, outdated_words, state_of
from engine.settings import ConsentSettings
from engine.shown import many
from tui.text import day


def consent_words(consent: Consent | None, settings: ConsentSettings) -> str:
    """What is noted about consent, and how it stands against the present text, in a sentence."""
    if consent is None:
        return "Consent: none noted."
    when = f" on {day(consent.at)}" if consent.at else ""
    version = consent.text_version
    version = f", text version {version}" if version else ""
    text = "Consent: noted by {by}{when}{version}."
    if consent.withdrawn:
        text = "Consent: noted by {by}{when}{version}; withdrawn on {day}."
    text = text.format(by=consent.by, when=when, version=version, day=day(consent.withdrawn))
    state = state_of(consent, settings)
    if state == "outdated":
        return f"{text} {_sentence(outdated_words(consent.text_version, settings))}"
    if state == "withdrawn":
        left_out = "Recognition does not name them, training leaves them out."
        return f"{text} {left_out}"
    return text


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def confusion_words(confusion: ConfusionFacts | None) -> str:
    """How often a person was confused in the last evaluation and with whom, in a sentence."""
    if confusion is None:
        return "Confused with: not measured with the model in use (v measures)."
    if not confusion.probes:
        return "Confused with: the last evaluation had no probe of this person."
    others = ", ".join(f"{name} {many(count, 'time')}" for name, count in confusion.others)
    return "{named} of {probes} named rightly, {nobody} not named. Taken for: {others}.".format(
        named=confusion.named,
        probes=many(confusion.probes, "probe"),
        nobody=confusion.nobody,
        others=others or "nobody else",
    )


def kept_words(days: int) -> str:
    """Whether a deletion can be undone, in a sentence."""
    if not days:
        return "They will be lost for good: the trash keeps nothing (trash.keep_days is 0)."
    return "This can be undone for {days}.".format(days=many(days, "day"))


PURGED = {
    "trash": "{count} of the trash",
    "unknown": "{count} strangers of the inbox",
    "choice": "{count} choices about strangers",
    "model": "{count} old models",
    "evaluation": "{count} evaluations of models that are gone",
    "recording": "{count} recordings",
    "log": "{count} logs",
}
"""Kinds of what is due to go."""


def purged_words(counts: Mapping[str, int]) -> str:
    """What went, kind by kind."""
    return ", ".join(PURGED[kind].format(count=n) for kind, n in sorted(counts.items()) if n)

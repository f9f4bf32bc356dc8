"""Figures, people and doubts in words: the same in the app and on the command line.

Figures of an evaluation in words: shares, their bounds, whose strangers.

What is known of a person, in words: the same in the app and on the command line.

What somebody must look at after a capture or an import, in sentences.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract import EvaluateDone, Event, LooksEnrolled, SetAside
from engine.contract.people import Consent, outdated_words, state_of
from engine.contract.requests import ConfusionFacts
from engine.settings import ConsentSettings
from engine.text import many, match, percent
from tui.words.text import day, figure

STRANGERS: dict[str, str] = {
    "own": "the workspace's own strangers",
    "folder": "the folder given",
    "left_out": "each enrolled person among the others",
    "own_and_left_out": "your own, and each enrolled person among the others",
    "none": "no strangers",
}
"""Whose searches the strangers are."""


def share(value: float) -> str:
    """A share with three decimals; a dash if it is not known."""
    return figure(value, ".3f")


def matched(score: float, threshold: float) -> str:
    """A score as people read it: 0 to 100. 50 and more reach the threshold, 49 and less do not."""
    return str(int(match(score, threshold)))


def bounds(ends: tuple[float, float]) -> str:
    """What a share is at least and at most."""
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def strangers_named(result: EvaluateDone) -> str:
    """How many searches by strangers gave a name: `0 of 206 searches by 180 strangers named`."""
    if not result.strangers:
        return "no strangers to test with"
    return "{named} of {searches} by {strangers} named".format(
        named=round(result.fpir_at_threshold * result.strangers),
        searches=many(result.strangers, "search", "searches"),
        strangers=many(result.stranger_people, "stranger"),
    )


def headline(result: EvaluateDone) -> str:
    """The result in one sentence."""
    return "rank-1 {rank1}, {share} of enrolled named, {strangers}".format(
        rank1=figure(result.rank1, ".2f"),
        share=percent(result.tpir_at_threshold),
        strangers=strangers_named(result),
    )


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
    "trash": ("deletion in the trash", "deletions in the trash"),
    "unknown": ("unknown face", ""),
    "choice": ("choice about unknown faces", "choices about unknown faces"),
    "model": ("old model", ""),
    "evaluation": ("evaluation of a model that is gone", "evaluations of models that are gone"),
    "recording": ("recording", ""),
    "log": ("log", ""),
}
"""Kinds of what is due to go: one and several."""


def purged_words(counts: Mapping[str, int]) -> str:
    """What went, kind by kind; empty if nothing did."""
    return ", ".join(many(n, *PURGED[kind]) for kind, n in sorted(counts.items()) if n)


def doubt_words(event: Event) -> list[str]:
    """What an event says that somebody must look at, as one sentence, or nothing."""
    if isinstance(event, LooksEnrolled):
        text = "{pictures} of {of} pictures of {person} look like {other}, who is enrolled"
        return [
            text.format(
                pictures=event.pictures, of=event.of, person=event.person, other=event.other
            )
        ]
    if not isinstance(event, SetAside):
        return []
    text = "{pictures} pictures of {person} show another face"
    if event.looks_like:
        text = "{pictures} pictures of {person} show another face, that of {other}"
    told = text.format(pictures=event.pictures, person=event.person, other=event.looks_like)
    if not event.change:
        return [f"{told}: they are gone (trash.keep_days is 0)"]
    return [
        f"{told}: they wait in the trash, `facedesk trash undo {event.change}` brings them back"
    ]

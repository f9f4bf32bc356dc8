"""Figures, people, doubts and the doctor's findings in words: the same in the app and on the
command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.contract import (
    EvaluateDone,
    Event,
    Finding,
    Group,
    LooksEnrolled,
    RecogniseDone,
    SetAside,
    State,
)
from engine.contract.people import Consent, outdated_words, state_of
from engine.contract.requests import ConfusionFacts, InModel
from engine.settings import ConsentSettings
from engine.text import many, match, percent
from tui.words.text import day, figure

IN_MODEL: dict[InModel, str] = {
    "yes": "The model in use knows these pictures.",
    "no": "Not in the model yet. Press {key.train}.",
    "stale": "Pictures changed since training. Press {key.train}.",
}
"""How a person's pictures stand to the model in use."""


def share(value: float) -> str:
    """A share with three decimals; a dash if it is not known."""
    return figure(value, ".3f")


def matched(score: float, threshold: float) -> str:
    """A score as people read it: 0 to 100. 50 and more reach the threshold, 49 and less do not."""
    return str(int(match(score, threshold)))


def seen_words(done: RecogniseDone) -> str:
    """Who was seen: `Grace Hopper on 98 frames, 2 faces unsure`. Empty if no face was decided."""
    undecided = ("unknown", "unsure")
    named = [
        f"{name} on {many(count, 'frame')}"
        for name, count in sorted(done.people.items())
        if name not in undecided
    ]
    others = [
        f"{many(done.people[decision], 'face')} {decision}"
        for decision in undecided
        if decision in done.people
    ]
    return ", ".join(named + others)


def bounds(ends: tuple[float, float]) -> str:
    """What a share is at least and at most."""
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def headline(result: EvaluateDone) -> str:
    """The result in one sentence."""
    text = f"{percent(result.tpir_at_threshold)} of enrolled named rightly, "
    if not result.strangers:
        return f"{text}no strangers to test with"
    named = round(result.fpir_at_threshold * result.strangers)
    searches = many(result.strangers, "search", "searches")
    return f"{text}{named} of {searches} by strangers named somebody"


def consent_words(consent: Consent | None, settings: ConsentSettings) -> str:
    """What is recorded about consent, and how it stands against the present text."""
    if consent is None:
        return "No consent recorded."
    when = f" on {day(consent.at)}" if consent.at else ""
    version = f", text version {consent.text_version}" if consent.text_version else ""
    withdrawn = f"; withdrawn on {day(consent.withdrawn)}" if consent.withdrawn else ""
    text = f"Consent recorded by {consent.by}{when}{version}{withdrawn}."
    state = state_of(consent, settings)
    if state == "outdated":
        why = outdated_words(consent.text_version, settings)
        return f"{text} {why[:1].upper()}{why[1:]}."
    if state == "withdrawn":
        return f"{text} This person is neither trained on nor named."
    return text


def confusion_words(confusion: ConfusionFacts | None) -> str:
    """How often a person was confused in the last evaluation and with whom."""
    if confusion is None:
        return "Not evaluated with the model in use."
    if not confusion.probes:
        return "The last evaluation had no picture of this person."
    others = ", ".join(f"{name} {many(count, 'time')}" for name, count in confusion.others)
    return (
        f"Last evaluation: {confusion.named} of {many(confusion.probes, 'picture')} named rightly, "
        f"{confusion.nobody} not named. Taken for: {others or 'nobody else'}."
    )


def kept_words(days: int) -> str:
    """Whether a deletion can be undone."""
    if not days:
        return "This cannot be undone: trash.keep_days is 0."
    return f"This can be undone for {many(days, 'day')}."


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
        return [
            f"{event.pictures} of {event.of} pictures of {event.person} look like {event.other}, "
            "who is enrolled"
        ]
    if not isinstance(event, SetAside):
        return []
    whose = f", that of {event.looks_like}" if event.looks_like else ""
    told = f"{many(event.pictures, 'picture')} of {event.person} show another face{whose}"
    if not event.change:
        return [f"{told}; they are gone (trash.keep_days is 0)"]
    return [f"{told}; they are in the trash (change {event.change})"]


FINDING_GROUPS: dict[Group, str] = {
    "camera": "Cameras",
    "files": "Files",
    "processor": "Processor",
    "software": "Software",
    "storage": "Workspace",
    "terminal": "Terminal",
}
STATES: dict[State, tuple[str, str]] = {
    "ok": ("✓ ok", "green"),
    "note": ("i note", "cyan"),
    "warning": ("! WARNING", "bold yellow"),
    "trouble": ("✗ TROUBLE", "bold red"),
}
"""A finding's state as sign and word, and their style."""


def by_group(findings: Iterable[Finding]) -> dict[Group, list[Finding]]:
    """Findings under their groups, in the groups' order; empty groups are left out."""
    groups: dict[Group, list[Finding]] = {group: [] for group in FINDING_GROUPS}
    for finding in findings:
        groups[finding.group].append(finding)
    return {group: members for group, members in groups.items() if members}


def findings_verdict(findings: Iterable[Finding]) -> str:
    """All findings in a sentence."""
    states = [finding.state for finding in findings]
    if "trouble" in states:
        return f"{many(states.count('trouble'), 'thing is', 'things are')} broken; see the remedy"
    if warnings := states.count("warning"):
        return f"Everything needed works, with {many(warnings, 'warning')}"
    return "Everything works"

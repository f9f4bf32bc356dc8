"""What the figures mean, in sentences for an operator."""

from __future__ import annotations

from collections.abc import Mapping

from engine.evaluate.figures import Figures
from engine.evaluate.probes import StrangersFrom
from engine.recognise.calibration import Bounds, at_most
from engine.recognise.threshold import strangers_needed
from engine.text import percent

FEW_PROBES = 100
"""Probes below which the bounds lie ten points apart and more."""

WHOSE: Mapping[str, str] = {
    "own": "your own strangers",
    "folder": "the strangers of the folder",
    "left_out": "enrolled people, each searched in the gallery without themselves",
    "own_and_left_out": (
        "your own, and enrolled people, each searched in the gallery without themselves"
    ),
    "none": "nobody",
}
"""Whose searches an FPIR was measured on (a `StrangersFrom`), in words."""

KINDS: Mapping[str, str] = {
    "mislabelled": "mislabelled",
    "blurred": "blurred",
    "twin": "twin",
    "crowd": "of several people",
    "two_faces": "two faces",
}
"""What is suspected of a picture (a `Suspect`'s kind), in words."""


def summary(figures: Figures, strangers: int, people: int, fpir: float) -> str:
    """What was measured in one or two sentences; `strangers` searches by `people` strangers."""
    named = round(figures.tpir_at_threshold * figures.probes)
    if not strangers:
        return (
            f"{named} of {figures.probes} pictures of enrolled people are named "
            "rightly. How many strangers "
            "are named was not measured."
        )
    text = (
        f"{named} of {figures.probes} pictures of enrolled people are named rightly; "
        f"{round(figures.fpir_at_threshold * strangers)} of {strangers} "
        f"searches by strangers name somebody, where at most {percent(fpir)} should."
    )
    text = f"{text} {proof(figures.named_people, people, figures.intervals['fpir_at_threshold'])}"
    if not figures.own_people:
        return text
    apart = (
        (
            "{named} of {count} stranger of your own and {others} of {rest} of those "
            "who stood in for "
            "strangers."
        )
        if figures.own_people == 1
        else (
            "{named} of {count} strangers of your own and {others} of {rest} of "
            "those who stood in for "
            "strangers."
        )
    ).format(
        named=figures.own_named,
        count=figures.own_people,
        others=figures.named_people - figures.own_named,
        rest=people - figures.own_people,
    )
    return f"{text} These are {apart}"


def proof(named: int, people: int, seen: Bounds) -> str:
    """What `named` of so many strangers prove; `seen` are the bounds of the FPIR."""
    if people == 1:
        text = (
            "{named} of 1 stranger was named: that proves no more than an FPIR of at most {bound}."
        )
    else:
        text = (
            (
                "{named} of {people} strangers was named: that proves no more than "
                "an FPIR of at most "
                "{bound}."
            )
            if named == 1
            else (
                "{named} of {people} strangers were named: that proves no more than "
                "an FPIR of at most "
                "{bound}."
            )
        )
    return text.format(named=named, people=people, bound=percent(seen[1], up=True))


def too_few(
    figures: Figures, strangers: int, people: int, source: StrangersFrom, fpir: float
) -> tuple[str, ...]:
    """Warnings where the data cannot show what is asked."""
    told = []
    if figures.probes < FEW_PROBES:
        low, high = figures.intervals["rank1"]
        told.append(
            f"Only {figures.probes} probes: rank-1 may be anything from {percent(low)} "
            f"to {percent(high)}."
        )
    if source == "none":
        told.append(
            "No strangers, and nobody else enrolled to stand in for them: the FPIR is "
            "unknown. Give --strangers DIR."
        )
        return tuple(told)
    if source == "left_out":
        told.append(
            "No strangers were given, so enrolled people stood in for them, each searched "
            "in the gallery without themselves: a stand-in only. Give --strangers DIR."
        )
    if source == "own_and_left_out":
        told.append(
            "Your own strangers are searched together with enrolled people who stand in for "
            "strangers, each in the gallery without themselves. --strangers DIR takes nobody "
            "but those of a folder."
        )
    if f"{fpir:g}" not in figures.tpir:
        told.append(
            f"{strangers} searches by strangers cannot show an FPIR of {percent(fpir)}: that needs "
            f"{round(1 / fpir)} or more."
        )
    if at_most(0, people) > fpir:
        told.append(
            f"An FPIR of {percent(fpir)} needs {strangers_needed(fpir)} different "
            "strangers, none of them named, to "
            f"be proved; there are {people}."
        )
    return tuple(told)


def leakage_sentence(leakage: Mapping[str, float]) -> str:
    """What the leakage meter says; empty if it was not read."""
    if not leakage:
        return ""
    held, mixed = leakage["rank1"], leakage["random_rank1"]
    tpir, mixed_tpir = leakage["tpir"], leakage["random_tpir"]
    text = (
        f"Held-out split in use: rank-1 {held:.2f}, TPIR {tpir:.2f}; random split of "
        f"the same pictures: {mixed:.2f}, {mixed_tpir:.2f}"
    )
    if mixed > held or mixed_tpir > tpir:
        return f"{text}. The difference is leakage: near copies on both sides of a random split."
    return f"{text}. No leakage is seen."

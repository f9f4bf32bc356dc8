"""What the figures mean, in sentences for an operator."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract.warned import Warned
from engine.evaluate.figures import Figures
from engine.evaluate.probes import StrangersFrom
from engine.recognise.calibration import Bounds, at_most
from engine.recognise.threshold import strangers_needed
from engine.text import many, percent

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


def summary(figures: Figures, strangers: int, people: int) -> str:
    """What was measured in a few sentences; `strangers` searches by `people` strangers."""
    named = round(figures.tpir_at_threshold * figures.probes)
    text = f"{named} of {figures.probes} pictures of enrolled people are named rightly."
    if not strangers:
        return f"{text} How many strangers are named was not measured."
    text = f"{text} {proof(figures.named_people, people, figures.intervals['fpir_at_threshold'])}"
    if figures.own_people:
        text += f" Of your own strangers {figures.own_named} of {figures.own_people} are named."
    return text


def proof(named: int, people: int, seen: Bounds) -> str:
    """What `named` of so many strangers prove; `seen` are the bounds of the FPIR."""
    bound = percent(seen[1], up=True)
    return f"{named} of {many(people, 'stranger')} named, so at most {bound} of all would be."


def too_few(
    figures: Figures, strangers: int, people: int, source: StrangersFrom, fpir: float
) -> tuple[Warned, ...]:
    """Warnings where the data cannot show what is asked."""
    told = []
    if figures.probes < FEW_PROBES:
        low, high = figures.intervals["rank1"]
        told.append(Warned("few_probes", "", (figures.probes, percent(low), percent(high))))
    if source == "none":
        return (*told, Warned("no_strangers"))
    if source == "left_out":
        told.append(Warned("stand_ins"))
    if source == "own_and_left_out":
        told.append(Warned("own_and_stand_ins"))
    if f"{fpir:g}" not in figures.tpir:
        told.append(Warned("few_searches", "", (strangers, percent(fpir), round(1 / fpir))))
    if at_most(0, people) > fpir:
        wanted = strangers_needed(fpir), percent(fpir), people
        told.append(Warned("few_strangers", "", wanted))
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

"""Warnings as data, and the sentence of each kind: one table for screens, commands and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from engine.text import many

USED = ", so they are used."
SENTENCES: Mapping[str, str] = {
    # of a split
    "random_split": (
        "Random split: neighbouring frames lie on both sides, so the figures are far too good; "
        "use it for comparison only."
    ),
    "no_pictures": "no pictures, left out.",
    "consent_withdrawn": "left out, for consent was taken back",
    "none_to_check": "only {}, all used for training, none to check with.",
    "few_pictures": "only {} pictures, {} or more are better.",
    "empty_part": "no pictures for {}.",
    "divided_anew": "nothing of their own for training, so their pictures are divided anew.",
    "one_session": ("one session only, so the figures are optimistic; enrol again on another day."),
    "one_import": ("one import only, so the figures are optimistic if it is of one day."),
    "two_sessions": "two sessions only, validation and test share one.",
    # of a training
    "no_validation": (
        "No held-out pictures show what training gained, so plain class centres are used."
    ),
    "no_epoch": "No epoch was over when training was stopped, so plain class centres are used.",
    "rank1": "Plain class centres were better on held-out pictures ({} against {})" + USED,
    "tpir": "Plain class centres name more held-out pictures ({} against {})" + USED,
    "fpir": "Plain class centres name fewer strangers ({} against {})" + USED,
    "separation": ("Plain class centres keep strangers further off ({} against {})" + USED),
    "loss": ("Training did not improve on the plain class centres (loss {} against {})" + USED),
    # of an evaluation
    "trained_on": (
        "{} held-out pictures were left out, for the model was trained on them: this split is "
        "newer than the model, train again."
    ),
    "newer_split": "This split is newer than the model: train again, or figures are too good.",
    "unfitting_split": "{}. Split and train again.",
    "pictures_changed": "pictures changed since training, train again.",
    "not_enrolled": "no longer enrolled, so not in the gallery.",
    "no_held_out": "no held-out pictures, so not measured.",
    "no_probes": "no probes, so not measured.",
    "unknown_name": "left out, for nobody known has this name.",
    "not_allowed": "{} was left out: permission denied",
    "no_face": "No face was found in {} of {} probes: they count as not recognised.",
    "stranger_without_face": "{} of {} strangers' pictures show no face: left out.",
    "few_probes": ("Only {} probes: the right person comes first in {} to {}."),
    "no_strangers": (
        "There are no strangers to test with, so how many of them are named is unknown."
    ),
    "stand_ins": ("Enrolled people stood in for strangers. Photographs of strangers tell more."),
    "own_and_stand_ins": (
        "Strangers are your own and enrolled people, each searched without themselves."
    ),
    "own_strangers": (
        "Your own strangers helped to set the threshold: the FPIR at it is a little optimistic."
    ),
    "few_searches": (
        "{} searches by strangers are too few to measure {} false matches; {} are needed."
    ),
    "few_strangers": ("It takes {} strangers to prove {} false matches; there are {}."),
    # what another part of the engine has said in words
    "said": "{}",
}
"""The sentence of each kind, with `{}` for each of its figures; of a person's, what follows the
name."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What an operator should know: a kind of `SENTENCES` with its figures. `subject` is the person
    it is about, empty if it is about nobody. Raises ValueError for what is no such kind."""

    kind: str
    subject: str = ""
    figures: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if not all(isinstance(each, int | str) for each in (self.subject, *self.figures)):
            raise ValueError("a warning has names and figures")
        try:
            SENTENCES[self.kind].format(*self.figures)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{self.kind!r} is no warning with such figures") from error

    @property
    def text(self) -> str:
        """The sentence, without the subject."""
        return SENTENCES[self.kind].format(*self.figures)

    def to_json(self) -> dict[str, object]:
        """The warning as a JSON object, with its sentence."""
        return {**asdict(self), "text": self.text}


NAMED = 3
"""People that a warning about several names; more are counted."""


def grouped(warnings: Iterable[Warned]) -> tuple[str, ...]:
    """Warnings as lines, one a kind: of a few people with their names, of more with their number,
    and counts from the least to the most."""
    lines = []
    for of_kind in _by_kind(warnings):
        names = list(dict.fromkeys(each.subject for each in of_kind if each.subject))
        figures = (
            _span(values) for values in zip(*(each.figures for each in of_kind), strict=True)
        )
        text = SENTENCES[of_kind[0].kind].format(*figures)
        who = ", ".join(names) if len(names) <= NAMED else many(len(names), "person", "people")
        lines.append(f"{who}: {text}" if who else text)
    return tuple(lines)


def one_by_one(warnings: Iterable[Warned]) -> tuple[tuple[str, ...], ...]:
    """For each line of `grouped`, a line for each person whom it is about."""
    return tuple(
        tuple(f"{each.subject}: {each.text}" for each in of_kind if each.subject)
        for of_kind in _by_kind(warnings)
    )


def _by_kind(warnings: Iterable[Warned]) -> list[list[Warned]]:
    kinds: dict[tuple[object, ...], list[Warned]] = {}
    for each in dict.fromkeys(warnings):
        words = tuple(figure if isinstance(figure, str) else None for figure in each.figures)
        kinds.setdefault((each.kind, words), []).append(each)
    return list(kinds.values())


def _span(values: Sequence[int | str]) -> int | str:
    numbers = [value for value in values if isinstance(value, int)]
    if len(set(numbers)) < 2:
        return values[0]  # the words of a kind are all the same
    return f"{min(numbers)} to {max(numbers)}"

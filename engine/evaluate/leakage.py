"""The leakage meter: the same pictures, split as in use and split at random.

Frames taken seconds apart are near copies. A random split puts such copies on both sides, so
that a model seems to recognise a person where it only recognises a moment. How much better the
random split looks is the leakage that a random figure would hide.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.dataset.split import PARTS, Split, make_split
from engine.enrol.people import Person
from engine.evaluate.pictures import EnrolledPictures
from engine.evaluate.probes import HELD_OUT, held_out_parts
from engine.model.face_space import Space
from engine.model.vectors import class_centres
from engine.recognise.calibration import Enrolled, kept_from
from engine.recognise.scoring import Gallery
from engine.recognise.threshold import settle
from engine.settings import SplitSettings


def leakage(
    pictures: EnrolledPictures, split: Split, space: Space, fpir: float
) -> dict[str, float]:
    """`rank1` and `tpir` on the split in use, `random_rank1` and `random_tpir` on a random one.

    Both by plain class centres of the training part and probes of the held-out parts; the
    TPIR at the thresholds that training would calibrate for `fpir` on the training part. The
    random split has the same pictures, shares and seed. Empty if somebody's pictures do not
    allow it, or if the split in use is a random one itself: then there is nothing to compare
    with.
    """
    if split.mode == "random" or not pictures.people:
        return {}
    random = random_split(pictures.people, split)
    slugs = [person.slug for person in pictures.people]
    # The same parts for both, or their sizes would differ.
    parts = max((held_out_parts(each, slugs) for each in (split, random)), key=HELD_OUT.index)
    held_out = _figures(pictures, split, parts, space, fpir)
    mixed = _figures(pictures, random, parts, space, fpir)
    if not all(math.isfinite(value) for value in (*held_out, *mixed)):
        return {}
    names = ("rank1", "tpir", "random_rank1", "random_tpir")
    return dict(zip(names, (*held_out, *mixed), strict=True))


def random_split(people: Sequence[Person], split: Split) -> Split:
    """The pictures of `split` scattered at random, with its shares and seed."""
    same = []
    for person in people:
        listed = {key for part in PARTS for key in split.people.get(person.slug, {}).get(part, ())}
        sessions = (
            dataclasses.replace(
                session,
                pictures=tuple(p for p in session.pictures if f"{session.id}/{p}" in listed),
            )
            for session in person.sessions
        )
        same.append(dataclasses.replace(person, sessions=tuple(s for s in sessions if s.pictures)))
    train, validation, test = split.shares
    settings = SplitSettings(train=train, validation=validation, test=test, seed=split.seed)
    return make_split(same, settings, random=True)


def _figures(
    pictures: EnrolledPictures, split: Split, parts: Sequence[str], space: Space, fpir: float
) -> tuple[float, float]:
    """Rank-1 and TPIR on one split; NaN where somebody has nothing to train on, or no probe is."""
    learn, probes = _rows(pictures, split, ("train",)), _rows(pictures, split, parts)
    people = len(pictures.people)
    if not len(probes) or len(np.unique(pictures.labels[learn])) < people:
        return math.nan, math.nan
    centres = class_centres(pictures.embeddings[learn], pictures.labels[learn], people)
    slugs = [person.slug for person in pictures.people]
    cameras = [""] * len(learn)
    enrolled = Enrolled(pictures.embeddings[learn], pictures.labels[learn], cameras, people)
    kept = kept_from(space, enrolled, slugs, space.impostors, fpir)
    gallery, calibration = settle(space, Gallery(space, centres, slugs), fpir, kept)
    found = gallery.search(pictures.embeddings[probes])
    right = found.candidates == pictures.labels[probes]
    named = right & (found.best >= calibration.threshold)
    return float(right.mean()), float(named.mean())


def _rows(pictures: EnrolledPictures, split: Split, parts: Sequence[str]) -> NDArray[np.intp]:
    def keys(person: Person) -> list[str]:
        own: Mapping[str, tuple[str, ...]] = {
            str(part): listed for part, listed in split.people.get(person.slug, {}).items()
        }
        return [key for part in parts for key in own.get(part, ())]

    return pictures.rows([keys(person) for person in pictures.people])

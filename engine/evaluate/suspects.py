"""Pictures that an operator should look at, and the leakage meter.

Suspect are pictures of a second face under one name, mislabelled, blurred, a twin's, or taken from
a photograph of several people. The leakage meter compares the split in use with a random one of the
same pictures: frames taken seconds apart are near copies, and a random split puts such copies on
both sides.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.dataset.split import Split, make_split
from engine.evaluate.pictures import EnrolledPictures
from engine.evaluate.probes import HELD_OUT, held_out_parts
from engine.model.face_space import Space
from engine.model.vectors import (
    Float32,
    Labels,
    centre_levels,
    class_centres,
    class_means,
    cohort_scores,
    unit,
)
from engine.people.person import Person
from engine.recognise.calibration import Enrolled, kept_from
from engine.recognise.gallery import Cuts, Gallery, most_typical, two_faced
from engine.recognise.threshold import settle
from engine.settings import SplitSettings
from engine.text import many
from engine.workspace.identity import PARTS

SuspectKind = Literal["two_faces", "mislabelled", "blurred", "twin", "crowd"]

MOST_SUSPECTS = 20
CLEARLY = 0.1
"""How much higher than for its own person a mislabelled picture scores for the other."""
LEAST_PICTURES = 3
"""Pictures a person needs before one of them can be judged by the others."""
SOFT = 0.2
"""Share of the median sharpness below which a picture is blurred, of the person's own median or
of everybody's. On photographs of LFW that is less than one in a hundred."""
TWIN = 0.7
"""Share of the median own score that two people's pictures reach for each other, if they are
one person."""


class Suspect(NamedTuple):
    """A picture to look at, by its person's name and its path; `sentence` is for people."""

    person: str
    picture: str
    kind: SuspectKind
    sentence: str


def suspects(
    pictures: EnrolledPictures,
    space: Space,
    threshold: float,
    cuts: Cuts | None,
    sharpness: Callable[[Sequence[Path]], NDArray[np.float64]],
    others: Callable[[Sequence[Path]], NDArray[np.int64]],
) -> tuple[Suspect, ...]:
    """The worst first, MOST_SUSPECTS at most: second faces, twins, then mislabelled, then blurred
    pictures, then those of a crowd.

    `threshold` is what a stranger's picture should not reach, second faces are looked for by
    `cuts`. Of n paths `sharpness` gives (n,) values of `engine.faces.quality.sharpness`, `others`
    (n,) counts of the photographs' other faces. Pictures of people who are each other's twins are
    not also called mislabelled.
    """
    if not len(pictures.labels):
        return ()
    scores = own_excluded_scores(pictures, space)
    twins = twin_pairs(pictures.labels, scores, threshold)
    faces = two_faced(pictures.embeddings, pictures.labels, pictures.captures, cuts)
    found = [
        *(_second_face(pictures, each) for _person, each in faces),
        *(_twin(pictures, scores, pair) for pair in twins),
        *_mislabelled(pictures, scores, threshold, frozenset(twins)),
        *_blurred(pictures, sharpness(pictures.paths)),
    ]
    told = {suspect.picture for suspect in found}
    crowd = _crowd(pictures, scores, threshold, others(pictures.paths))
    found += [suspect for suspect in crowd if suspect.picture not in told]
    return tuple(found[:MOST_SUSPECTS])


def _second_face(pictures: EnrolledPictures, faces: tuple[NDArray[np.intp], ...]) -> Suspect:
    """The most typical picture of the second face."""
    shown = most_typical(pictures.embeddings, faces[1])
    name = pictures.names[pictures.labels[shown]]
    count, total = sum(map(len, faces[1:])), sum(map(len, faces))
    sentence = (
        f"{count} of {name}'s {total} pictures show another face than the rest: two people under "
        "one name, or one person who has changed a lot."
    )
    return _suspect(pictures, shown, "two_faces", sentence)


def _suspect(pictures: EnrolledPictures, row: int, kind: SuspectKind, sentence: str) -> Suspect:
    person = pictures.people[pictures.labels[row]].name
    return Suspect(person, str(pictures.paths[row]), kind, sentence)


def own_excluded_scores(pictures: EnrolledPictures, space: Space) -> Float32:
    """(n, p) score of every picture for every person, for its own one without the picture.

    A centre that holds a picture always resembles it. NaN for the own person of fewer than
    LEAST_PICTURES pictures, and for people without any.
    """
    labels, people = pictures.labels, len(pictures.people)
    counts = np.bincount(labels, minlength=people)
    there = np.flatnonzero(counts)
    places = np.searchsorted(there, labels)
    rows = unit(pictures.embeddings)
    means = class_means(rows, places, len(there))
    scores = np.full((len(labels), people), np.nan, np.float32)
    cohort = space.cohort
    scores[:, there] = cohort_scores(rows, unit(means), cohort)
    # The picture's own level stays: the cosine and the centre's level change with the centre.
    with_it = (rows * unit(means)[places]).sum(1) - centre_levels(unit(means), cohort)[0, places]
    rest = unit(means[places] * counts[labels][:, None] - rows)
    each = np.arange(len(labels))
    scores[each, labels] += (rows * rest).sum(1) - centre_levels(rest, cohort)[0] - with_it
    scores[each[counts[labels] < LEAST_PICTURES], labels[counts[labels] < LEAST_PICTURES]] = np.nan
    return scores


def twin_pairs(labels: Labels, scores: Float32, threshold: float) -> tuple[tuple[int, int], ...]:
    """Pairs of people (i < j) whose pictures score for each other like the same person's.

    Both ways round, the median picture reaches `threshold` and TWIN of what the median picture
    scores for its own person.
    """
    people = scores.shape[1]
    medians = np.full((people, people), np.nan)
    for person in np.unique(labels):
        own = scores[np.asarray(labels) == person]
        known = np.isfinite(own).all(0)
        medians[person, known] = np.median(own[:, known], axis=0)
    like = (medians >= threshold) & (medians >= TWIN * np.diag(medians)[:, None])
    return tuple(
        (i, j) for i in range(people) for j in range(i + 1, people) if like[i, j] and like[j, i]
    )


def _twin(pictures: EnrolledPictures, scores: Float32, pair: tuple[int, int]) -> Suspect:
    one, other = pair
    theirs = np.flatnonzero(pictures.labels == one)
    row = int(theirs[scores[theirs, other].argmax()])
    names = pictures.names
    sentence = (
        f"{names[one]} and {names[other]} look like one person: one who was enrolled twice, or two "
        "who are very much alike."
    )
    return _suspect(pictures, row, "twin", sentence)


def _mislabelled(
    pictures: EnrolledPictures, scores: Float32, threshold: float, twins: frozenset[tuple[int, int]]
) -> list[Suspect]:
    """Pictures that would be named somebody else, and score clearly less for their own person."""
    found = []
    names = pictures.names
    for row, label in enumerate(pictures.labels.tolist()):
        own = float(scores[row, label])
        others = np.where(np.arange(scores.shape[1]) == label, np.nan, scores[row])
        if not np.isfinite(own) or not np.isfinite(others).any():
            continue
        other = int(np.nanargmax(others))
        score = float(others[other])
        pair = (min(label, other), max(label, other))
        if score >= threshold and score - own >= CLEARLY and pair not in twins:
            sentence = (
                f"It looks like {names[other]} (score {score:.2f}), not like the other pictures "
                f"of {names[label]} ({own:.2f})."
            )
            found.append((own - score, _suspect(pictures, row, "mislabelled", sentence)))
    return [suspect for _, suspect in sorted(found, key=itemgetter(0))]


def _blurred(pictures: EnrolledPictures, sharpness: NDArray[np.float64]) -> list[Suspect]:
    """Pictures far softer than their person's others, or than everybody's, softest first."""
    labels, names = pictures.labels, pictures.names
    everybody = float(np.median(sharpness))
    found = []
    for row, label in enumerate(labels.tolist()):
        own = float(np.median(sharpness[labels == label]))
        usual = max(own, everybody)
        if sharpness[row] < SOFT * usual:
            whose = f"{names[label]}'s" if own >= everybody else "all"
            sentence = (
                f"Its sharpness is {sharpness[row]:.0f}, the median of {whose} pictures is "
                f"{usual:.0f}."
            )
            found.append((sharpness[row] / usual, _suspect(pictures, row, "blurred", sentence)))
    return [suspect for _, suspect in sorted(found, key=itemgetter(0))]


def _crowd(
    pictures: EnrolledPictures, scores: Float32, threshold: float, others: NDArray[np.int64]
) -> list[Suspect]:
    """Pictures from among other faces that do not look like their person's others, or of a person
    who has too few others to tell; least alike first."""
    own = np.nan_to_num(scores[np.arange(len(scores)), pictures.labels], nan=-np.inf)
    rows = np.flatnonzero((others > 0) & (own < threshold))
    return [
        _suspect(
            pictures,
            row,
            "crowd",
            f"Its photograph showed {many(int(others[row]), 'more face')}: it may be one of those.",
        )
        for row in rows[np.argsort(own[rows], kind="stable")].tolist()
    ]


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
    # The same parts for both, or their sizes would differ.
    both = (held_out_parts(each, pictures.people) for each in (split, random))
    parts = max(both, key=HELD_OUT.index)
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
        listed = frozenset(split.pictures(person.slug, PARTS))
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

    def rows(names: Sequence[str]) -> NDArray[np.intp]:
        return pictures.rows([split.pictures(person.slug, names) for person in pictures.people])

    learn, probes = rows(("train",)), rows(parts)
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

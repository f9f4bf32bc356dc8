"""Which pictures are the probes, and who the strangers are.

Probes are a split's held-out pictures, or a folder's. Strangers are a folder's, or the operator's
own and every enrolled person once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.camera.folder import pictures_of
from engine.contract import Event, Notice, Warned, grouped
from engine.contract.errors import DataError, NoPictures, Remedy, SourceError, SourceUnreadable
from engine.dataset.split import Split
from engine.evaluate.figures import Probes, Strangers
from engine.evaluate.pictures import Photographs
from engine.model.record import ModelInfo, trained_on
from engine.model.vectors import Labels
from engine.people.import_plan import plan_import
from engine.people.person import Person, whose
from engine.recognise.gallery import Searches
from engine.text import in_short, many

HELD_OUT = (("test",), ("validation", "test"))
"""The parts whose pictures are probes: the first that has some of everybody, else the last."""


@dataclass(frozen=True, slots=True)
class FolderPictures:
    """A folder's pictures: `files[i]` shows person `labels[i]`, of the gallery or of the strangers;
    `warnings` say what was left out."""

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    warnings: tuple[Warned, ...] = ()


def held_out_parts(split: Split, people: Sequence[Person]) -> tuple[str, ...]:
    """The parts whose pictures are probes: test, and validation too if somebody has no test."""
    for parts in HELD_OUT:
        if all(split.pictures(person.slug, parts) for person in people):
            return parts
    return HELD_OUT[-1]


def held_out_probes(
    split: Split, people: Sequence[Person], info: ModelInfo
) -> tuple[tuple[tuple[str, ...], ...], list[Warned]]:
    """The held-out pictures ("<session>/<file>") of each of `people` (the gallery's) that `info`'s
    model has not learnt, and warnings. Raises NoPictures if there is none, ModelCorrupt.
    """
    parts = held_out_parts(split, people)
    trained = trained_on(info)
    keys: list[tuple[str, ...]] = []
    learnt = 0
    for person in people:
        listed = split.pictures(person.slug, parts)
        free = tuple(key for key in listed if (person.id, key) not in (trained or ()))
        learnt += len(listed) - len(free)
        keys.append(free)
    warnings = []
    if learnt:
        warnings.append(Warned("trained_on", figures=(learnt,)))
    elif trained is None and split_differs(split, info.details.get("split", {})):
        warnings.append(Warned("newer_split"))
    if not any(keys):
        raise NoPictures(
            "There are no held-out pictures to search with",
            "the model was trained on all of them"
            if learnt
            else f"the split has none in {' or '.join(parts)}",
            Remedy.TRAIN if learnt else Remedy.PROBES,
        )
    warnings += [
        Warned("no_held_out", person.name)
        for person, own in zip(people, keys, strict=True)
        if not own
    ]
    return tuple(keys), warnings


def split_differs(split: Split, recorded: Mapping[str, Any]) -> bool:
    """Whether a model was trained on a split made otherwise: other seed, mode or shares."""
    return (recorded.get("seed"), recorded.get("mode"), tuple(recorded.get("shares", ()))) != (
        split.seed,
        split.mode,
        tuple(split.shares),
    )


def folder_probes(folder: Path, people: Sequence[Person]) -> FolderPictures:
    """The pictures of `folder`, one sub-folder a person of the gallery.

    See `whose` for which name is whose. Raises DataError if the folder cannot be used or matches
    nobody, NoPictures if there is no picture in it.
    """
    try:
        plan = plan_import(folder)
    except NoPictures as error:
        raise NoPictures("There are no probes", error.message, error.hint) from error
    except DataError as error:
        raise DataError("The probes cannot be used", error.message, error.hint) from error
    names = [person.name for person in people]
    find = whose(names, [person.slug for person in people])
    files: list[Path] = []
    labels: list[int] = []
    strangers: list[str] = []
    for person in plan.people:
        who = find(person.name)
        if who is None:
            strangers.append(person.name)
            continue
        files += person.files
        labels += [who] * len(person.files)
    if not files:
        raise DataError(
            "No folder of the probes bears the name of anybody in the model",
            f"{folder.absolute()} holds {in_short(strangers, 5)}; the model knows "
            f"{in_short(names, 5)}",
            "Name each sub-folder after the person whose pictures it holds.",
        )
    warnings = [Warned("said", figures=(text,)) for text in plan.left_out]
    allowed = [os.access(file, os.R_OK, effective_ids=True) for file in files]
    warnings += [
        Warned("not_allowed", figures=(plan.shown(file),))
        for file, may in zip(files, allowed, strict=True)
        if not may
    ]
    files, labels = list(compress(files, allowed)), list(compress(labels, allowed))
    if not files:
        raise NoPictures(
            "There are no probes",
            "; ".join(grouped(warnings)),
            "Check their owner and permissions.",
        )
    warnings += [Warned("unknown_name", name) for name in strangers]
    warnings += [
        Warned("no_probes", name) for label, name in enumerate(names) if label not in labels
    ]
    return FolderPictures(tuple(files), tuple(labels), tuple(warnings))


StrangersFrom = Literal["own", "folder", "left_out", "own_and_left_out", "none"]


def stranger_files(folder: Path) -> FolderPictures:
    """The pictures of `folder`: one sub-folder a stranger, or loose pictures, each a stranger.

    Raises DataError if the folder cannot be read, NoPictures if it holds no picture.
    """
    heard: list[Event] = []
    try:
        found = pictures_of(folder, heard.append)
    except SourceUnreadable as error:
        raise NoPictures("There are no strangers", error.message, error.hint) from error
    except SourceError as error:
        raise DataError("The strangers cannot be used", str(error), error.hint) from error
    names: dict[str, int] = {}
    groups = [names.setdefault(label.split("/")[0], len(names)) for _, label in found]
    told = tuple(Warned("said", "", (each.text,)) for each in heard if isinstance(each, Notice))
    return FolderPictures(tuple(file for file, _ in found), tuple(groups), told)


def strangers_in(
    listed: FolderPictures, photographs: Photographs
) -> tuple[Labels, tuple[Warned, ...]]:
    """Which stranger each of the folder's photographs shows, and warnings. A picture that has no
    face or cannot be read is left out. Raises NoPictures if no picture shows a face.
    """
    unread = photographs.unread
    if not len(photographs.embeddings):
        raise NoPictures(
            "There are no strangers",
            f"no face was found in {many(len(listed.files), 'picture')}"
            + (f", {len(unread)} of which cannot be read" if unread else ""),
            "Give photographs that show one face each.",
        )
    warnings = listed.warnings
    kinds = ("stranger_without_face", photographs.missed), ("stranger_unread", unread)
    for kind, places in kinds:
        if places:
            warnings += (Warned(kind, "", (len(places), len(listed.files))),)
    # Numbered anew, so that strangers without any face do not count as people.
    groups = np.array(listed.labels, np.int64)[photographs.places]
    return np.unique(groups, return_inverse=True)[1], warnings


def together(
    own: Strangers | None, stand_ins: Strangers | None
) -> tuple[Strangers | None, StrangersFrom]:
    """The operator's own strangers and whoever stands in for strangers, as far as there are any.

    Few of the former take nobody's place: one more stranger never makes the figures less sure.
    """
    if own is None:
        return stand_ins, "none" if stand_ins is None else "left_out"
    if stand_ins is None:
        return own, "own"
    both = own.searches, stand_ins.searches
    searches = Searches(
        np.concatenate([each.scores for each in both]),
        np.concatenate([each.proposals for each in both]),
    )
    people = np.concatenate([own.people, own.count + stand_ins.people])
    return Strangers(searches, people, own=own.count), "own_and_left_out"


def left_out(probes: Probes, people: int) -> Strangers | None:
    """Every enrolled person once as the stranger: their probes in the gallery without them.

    None for a gallery of one person, which would be empty without her. The threshold stays that
    of the whole gallery, so that a gallery smaller by one gives a little less than its FPIR.
    """
    if people < 2 or not len(probes.searches):
        return None
    return Strangers(probes.searches.without(probes.labels), probes.labels)

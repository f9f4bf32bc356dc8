"""Which pictures are the probes: a split's held-out ones, or a folder's."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

from engine.dataset.split import Split
from engine.enrol.import_plan import plan_import
from engine.enrol.names import name_key
from engine.enrol.people import Person
from engine.errors import DataError, ModelCorrupt, NoPictures
from engine.model.store import ModelInfo
from engine.model.trained_on import decode

HELD_OUT = (("test",), ("validation", "test"))
"""The parts whose pictures are probes: the first that has some of everybody, else the last."""

TRAIN_AGAIN = "Run `facedesk train`, then evaluate."


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A split's probes: `keys[i]` are "<session>/<file>" of person i; `warnings` for people."""

    keys: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderProbes:
    """A folder's probes: `files[i]` is a picture of person `labels[i]` of the gallery."""

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    warnings: tuple[str, ...] = ()


class TrainedOn:
    """The pictures that a model was trained on, as `details["trained_on"]` lists them.

    See `engine.model.trained_on`. Raises ModelCorrupt if malformed.
    """

    def __init__(self, info: ModelInfo) -> None:
        listed = info.details.get("trained_on")
        self.known = listed is not None
        """Whether the model says so at all; older ones do not."""
        try:
            self._files = {
                (id, session): decode(text)
                for id, sessions in (listed or {}).items()
                for session, text in sessions.items()
            }
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelCorrupt(
                "The model is damaged",
                f"{info.id}: trained_on: {error}",
                "Train again.",
            ) from error

    def __contains__(self, picture: tuple[str, str]) -> bool:
        """Whether (identity, "<session>/<file>") is among them."""
        id, key = picture
        session, _unused, file = key.partition("/")
        return file in self._files.get((id, session), ())


def held_out_parts(split: Split, slugs: Sequence[str]) -> tuple[str, ...]:
    """The parts whose pictures are probes: test, and validation too if somebody has no test."""
    for parts in HELD_OUT:
        if all(_pictures(split, slug, parts) for slug in slugs):
            return parts
    return HELD_OUT[-1]


def held_out_probes(
    split: Split, people: Sequence[Person], info: ModelInfo, parts: Sequence[str]
) -> HeldOut:
    """The pictures of `parts` of `people` (the gallery's) that `info`'s model has not learnt.

    Raises NoPictures if there is none, ModelCorrupt.
    """
    trained = TrainedOn(info)
    keys: list[tuple[str, ...]] = []
    learnt = 0
    for person in people:
        listed = _pictures(split, person.slug, parts)
        free = tuple(key for key in listed if (person.id, key) not in trained)
        learnt += len(listed) - len(free)
        keys.append(free)
    warnings = []
    if learnt:
        warnings.append(
            f"{learnt} held-out pictures were left out, for the model was trained on them: "
            "this split is newer than the model, train again."
        )
    elif not trained.known and split_differs(split, info.details.get("split", {})):
        warnings.append("This split is newer than the model: train again, or figures are too good.")
    if not any(keys):
        raise NoPictures(
            "There are no held-out pictures to search with",
            "the model was trained on all of them"
            if learnt
            else "the split has none in {parts}".format(parts=" or ".join(parts)),
            TRAIN_AGAIN if learnt else "Run `facedesk split`, train again, or give --probes DIR.",
        )
    without = [person.name for person, own in zip(people, keys, strict=True) if not own]
    if without:
        warnings.append(
            "No held-out pictures of {names}: they are not measured.".format(
                names=", ".join(without)
            )
        )
    return HeldOut(tuple(keys), tuple(warnings))


def split_differs(split: Split, recorded: Mapping[str, Any]) -> bool:
    """Whether a model was trained on a split made otherwise: other seed, mode or shares."""
    return (recorded.get("seed"), recorded.get("mode"), tuple(recorded.get("shares", ()))) != (
        split.seed,
        split.mode,
        tuple(split.shares),
    )


def folder_probes(folder: Path, names: Sequence[str], slugs: Sequence[str]) -> FolderProbes:
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
    find = whose(names, slugs)
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
            "No folder of the probes is of anybody known",
            f"{folder} has {_listed(strangers)}; known are {_listed(names)}",
            "Name each sub-folder after the person.",
        )
    warnings = [*plan.left_out]
    allowed = [os.access(file, os.R_OK, effective_ids=True) for file in files]
    warnings += [
        f"{plan.shown(file)} was left out: permission denied"
        for file, may in zip(files, allowed, strict=True)
        if not may
    ]
    files, labels = list(compress(files, allowed)), list(compress(labels, allowed))
    if not files:
        raise NoPictures(
            "There are no probes", "; ".join(warnings), "Check their owner and permissions."
        )
    if strangers:
        warnings.append(f"Left out, for nobody known has this name: {_listed(strangers, most=20)}.")
    without = [name for label, name in enumerate(names) if label not in labels]
    if without:
        warnings.append(f"No probes of {_listed(without, most=20)}: they are not measured.")
    return FolderProbes(tuple(files), tuple(labels), tuple(warnings))


def whose(names: Sequence[str], slugs: Sequence[str]) -> Callable[[str], int | None]:
    """Whom of a gallery a folder's name means, as an index into `names`; None for nobody.

    It is a person's name or slug; case is ignored. Underscores stand for spaces, on either side,
    unless two people would then have one name: nobody is guessed at.
    """
    exact = {name_key(slug): label for label, slug in enumerate(slugs)}
    exact |= {name_key(name): label for label, name in enumerate(names)}
    loose: dict[str, list[int]] = defaultdict(list)
    for label, name in enumerate(names):
        loose[_spaced(name)].append(label)

    def find(folder: str) -> int | None:
        who = exact.get(name_key(folder))
        if who is not None:
            return who
        likely = loose.get(_spaced(folder), [])
        return likely[0] if len(likely) == 1 else None

    return find


def _spaced(name: str) -> str:
    return name_key(name.replace("_", " "))


def _listed(names: Sequence[str], most: int = 5) -> str:
    told = ", ".join(names[:most])
    return f"{told} and {len(names) - most} more" if len(names) > most else told


def _pictures(split: Split, slug: str, parts: Sequence[str]) -> tuple[str, ...]:
    own = {str(part): keys for part, keys in split.people.get(slug, {}).items()}
    return tuple(key for part in parts for key in own.get(part, ()))

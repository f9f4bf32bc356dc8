"""Who the strangers are: a folder's; or the operator's own, and every enrolled person once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.camera.folder import pictures_of
from engine.errors import DataError, NoPictures, SourceError, SourceUnreadable
from engine.evaluate.figures import Probes, Strangers
from engine.evaluate.pictures import Photographs
from engine.evaluate.searches import Searches, searches_of
from engine.events import Event, Notice
from engine.model.vectors import Float32
from engine.recognise.own_strangers import StrangerSet
from engine.recognise.recogniser import Recogniser

StrangersFrom = Literal["own", "folder", "left_out", "own_and_left_out", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Strangers that were found, and where.

    `proposals` (n, people) are what a model whose candidates come from the crops (recipe
    `classic`) says of their pictures, see `searches_of`; without them the candidate is who
    scores best, so that at least as many are named as live.
    """

    strangers: StrangerSet
    source: StrangersFrom
    proposals: Float32 | None = None

    def searched(self, recogniser: Recogniser) -> Strangers:
        """Their searches in the recogniser's gallery."""
        searches = searches_of(recogniser, self.strangers.embeddings, self.proposals)
        return Strangers(searches, self.strangers.groups)


@dataclass(frozen=True, slots=True)
class StrangerFiles:
    """Pictures of strangers: `files[i]` shows stranger `groups[i]`, an index into `names`.

    `warnings` say what was left out.
    """

    files: tuple[Path, ...]
    groups: tuple[int, ...]
    names: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def stranger_files(folder: Path) -> StrangerFiles:
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
    told = tuple(each.text for each in heard if isinstance(each, Notice))
    return StrangerFiles(tuple(file for file, _ in found), tuple(groups), tuple(names), told)


def strangers_in_folder(
    listed: StrangerFiles, read: Callable[[Sequence[Path]], Photographs]
) -> tuple[Found, tuple[str, ...]]:
    """The strangers of a folder, and warnings. A picture without a face is no search: left out.

    Raises NoPictures if no picture shows a face.
    """
    photographs = read(listed.files)
    if not len(photographs.embeddings):
        raise NoPictures(
            "There are no strangers",
            f"no face was found in any of {len(listed.files)} pictures",
            "Give photographs that show a face each.",
        )
    warnings = listed.warnings
    if photographs.missed:
        lost = len(photographs.missed)
        warnings += (f"{lost} of {len(listed.files)} strangers' pictures show no face: left out.",)
    # Numbered anew, so that strangers without any face do not count as people.
    kept, groups = np.unique(np.array(listed.groups)[photographs.places], return_inverse=True)
    found = StrangerSet(
        photographs.embeddings,
        groups.astype(np.intp),
        tuple(listed.names[group] for group in kept.tolist()),
    )
    return Found(found, "folder", photographs.proposals), warnings


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

"""The operator's own strangers: their embeddings, for calibration and evaluation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, FeaturesProgress, Notice
from engine.contract.errors import DataError, Remedy
from engine.jobs.material import Progress
from engine.model.face_space import Space
from engine.model.feature_store import EmbeddingCache
from engine.model.vectors import Levelled, stacked
from engine.model.vgg16 import Extracts
from engine.people.person import Person, warn_unread, whose
from engine.people.registry import People, StrangerArea, strangers, unread_strangers
from engine.recognise.threshold import StrangerSet
from engine.text import many
from engine.workspace.folder import Workspace


def stranger_embeddings(
    workspace: Workspace, extractor: Extracts, space: Space, cancel: Cancel, emit: Emit
) -> StrangerSet:
    """Embeddings of every stranger's pictures; features come from the cache, or go into it.

    A stranger of the name of somebody enrolled is left out, with a Notice: an enrolled person
    is no stranger. Emits FeaturesProgress over all pictures, nothing if there are none. The
    caller holds `Workspace.writer`. Raises Cancelled, DataError for a damaged crop.
    """
    used = not_enrolled(workspace, emit)
    progress = Progress(sum(each.pictures for each in used), emit)
    cache = EmbeddingCache(StrangerArea(workspace), extractor, space, keep=not workspace.read_only)
    rows: list[list[Levelled]] = []
    for stranger in used:
        rows.append([])
        for session in stranger.sessions:
            files, report = session.pictures, progress.within_session
            rows[-1].append(cache.rows(stranger.slug, session.id, files, report, cancel=cancel))
            progress.session_done(len(files))
    return _joined(used, rows, space.dims)


def ready_strangers(
    workspace: Workspace, extractor: Extracts, space: Space, emit: Emit
) -> StrangerSet:
    """`stranger_embeddings` from features that are there already: quick, and writes nothing.

    Pictures without features, or damaged, are left out, with a Notice: recognition is not to
    fail, or to wait for minutes, because of a stranger.
    """
    used = not_enrolled(workspace, emit)
    nothing = _Nothing(extractor)
    cache = EmbeddingCache(StrangerArea(workspace), nothing, space, keep=False)
    rows: list[list[Levelled]] = []
    missing = 0
    for stranger in used:
        rows.append([])
        for session in stranger.sessions:
            try:
                placed = cache.rows(
                    stranger.slug,
                    session.id,
                    session.pictures,
                    lambda event: None if isinstance(event, FeaturesProgress) else emit(event),
                )
            except (_Missing, DataError):
                missing += len(session.pictures)
            else:
                rows[-1].append(placed)
    if missing:
        text = f"The model has not seen {many(missing, 'picture')} of strangers yet."
        emit(Notice(text=text, level="warning", hint=Remedy.TRAIN))
    return _joined(used, rows, space.dims)


class _Missing(Exception):
    """A picture has no features yet."""


class _Nothing:
    """Stands where an extractor is asked for, and computes nothing."""

    def __init__(self, extractor: Extracts) -> None:
        self.digest = extractor.digest
        self.length = extractor.length

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise _Missing


def not_enrolled(workspace: Workspace, emit: Emit) -> list[Person]:
    """The strangers whose name nobody enrolled has; the others and the unread are told."""
    warn_unread(unread_strangers(workspace), emit)
    enrolled = People(workspace).list()
    find = whose([person.name for person in enrolled], [person.slug for person in enrolled])
    everybody = strangers(workspace)
    both = [each for each in everybody if find(each.name) is not None]
    if both:
        names = ", ".join(each.name for each in both)
        emit(Notice(text=f"Enrolled, so not counted as strangers: {names}", level="warning"))
    return [each for each in everybody if each not in both]


def _joined(used: list[Person], rows: list[list[Levelled]], dims: int) -> StrangerSet:
    """One set of all who have a row."""
    each = [stacked(own, dims) for own in rows]
    seen = [group for group, own in enumerate(each) if len(own)]
    faces = stacked([each[group] for group in seen], dims)
    return StrangerSet(
        faces.rows,
        np.repeat(np.arange(len(seen)), [len(each[group]) for group in seen]),
        tuple(used[group].name for group in seen),
        faces.levels,
    )

"""The operator's own strangers: their embeddings, for calibration and evaluation."""

from __future__ import annotations

import numpy as np

from engine.cancel import Cancel
from engine.enrol.names import name_key
from engine.enrol.people import People
from engine.enrol.strangers import StrangerArea, strangers
from engine.events import Emit, Notice
from engine.model.face_space import FaceSpace
from engine.model.feature_cache import FeatureCache
from engine.model.features import Extracts
from engine.model.vectors import Float32
from engine.recognise.own_strangers import StrangerSet
from engine.service.jobs.material import Progress
from engine.workspace import Workspace


def stranger_embeddings(
    workspace: Workspace, extractor: Extracts, space: FaceSpace, cancel: Cancel, emit: Emit
) -> StrangerSet:
    """Embeddings of every stranger's pictures; features come from the cache, or go into it.

    A stranger of the name of somebody enrolled is left out, with a Notice: an enrolled person
    is no stranger. Emits FeaturesProgress over all pictures, nothing if there are none. The
    caller holds `Workspace.writer`. Raises Cancelled, DataError for a damaged crop.
    """
    enrolled = {name_key(person.name) for person in People(workspace).list()}
    everybody = strangers(workspace)
    used = [each for each in everybody if name_key(each.name) not in enrolled]
    if len(used) < len(everybody):
        both = ", ".join(each.name for each in everybody if name_key(each.name) in enrolled)
        emit(Notice(text=f"Enrolled, so not counted as strangers: {both}", level="warning"))
    cache = FeatureCache(StrangerArea(workspace), extractor.digest)
    progress = Progress(sum(each.pictures for each in used), emit)
    rows: list[Float32] = [np.empty((0, space.dims), np.float32)]
    groups: list[int] = []
    for group, stranger in enumerate(used):
        for session in stranger.sessions:
            features = cache.rows(
                stranger.slug,
                session.id,
                session.pictures,
                extractor,
                progress.within_session,
                cancel=cancel,
            )
            progress.session_done(len(features))
            rows.append(space.embed(features))
            groups.extend([group] * len(features))
    return StrangerSet(
        np.concatenate(rows), np.array(groups, np.intp), tuple(each.name for each in used)
    )

"""Who the first pictures of a capture look like: the search that recognition makes, by majority."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from engine.enrol.names import name_key
from engine.enrol.permission import permitted
from engine.events import Emit, TwinSuspected
from engine.model.recent_rows import RecentRows
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.service.jobs.in_use import model_in_use
from engine.service.jobs.loaded import Backbones
from engine.service.jobs.strangers import ready_strangers
from engine.settings import Settings
from engine.workspace import Workspace


def suspect(
    workspace: Workspace,
    settings: Settings,
    person: str,
    crops: NDArray[np.uint8],
    emit: Emit,
    backbones: Backbones | None = None,
    recent: RecentRows | None = None,
) -> TwinSuspected | None:
    """The enrolled person other than `person` whom most of `crops` are named as, if any.

    `crops` uint8 (n, 160, 160, 3) RGB. Each is searched for itself in the gallery of the model
    in use, at its threshold; more than half must name the same person. Loading takes seconds,
    unless `backbones` has it; `recent` may have rows of the very crops.
    Raises NoModel, ModelCorrupt, BackboneMissing.
    """
    model = model_in_use(workspace, emit)
    backbone = (backbones or Backbones(settings.model)).of(model.info)
    space = backbone.space
    extractor = recent.before(backbone.extractor) if recent else backbone.extractor
    recogniser = Recogniser(
        model,
        extractor,
        space,
        settings.recognition,
        names={each.id: each.name for each in permitted(workspace)},
        classifier=classifier_for(model, backbone.weights) if backbone.weights else None,
        strangers=ready_strangers(workspace, extractor, space, emit),
    )
    found = recogniser.gallery.search(space.embed(extractor.extract(crops)))
    named = [
        recogniser.names[candidate] if score >= recogniser.threshold else ""
        for candidate, score in zip(found.candidates.tolist(), found.best.tolist(), strict=True)
    ]
    own = name_key(person)
    votes = Counter(name for name in named if name and name_key(name) != own)
    if not votes:
        return None
    other, count = votes.most_common(1)[0]
    if 2 * count <= len(crops):
        return None
    scores = found.scores[:, recogniser.names.index(other)]
    return TwinSuspected(
        person=person,
        other=other,
        score=float(np.median(scores)),
        threshold=recogniser.threshold,
        pictures=count,
        of=len(crops),
    )

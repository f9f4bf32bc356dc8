"""A person's templates: their class in models, and sightings that look like them.

The model in use goes on without them. Its centres are made anew from the pictures of the others,
where all their embeddings are cached: nothing of it then depends on the person, but for the
threshold's few numbers, which are quantiles over everybody. Where they are not, the person's row
is cut out and the others' stay; training had adjusted those beside the person. Recipe `classic`
has a network trained on the pictures themselves: it goes, and recipe `head` takes its place.
Every other model that includes the person is deleted: nobody goes back to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from engine.config import InboxSettings
from engine.enrol.inbox import FEATURES_FILE, Inbox
from engine.errors import FacedeskError, ModelCorrupt
from engine.files import read_bytes, remove_directory, translate_os_errors
from engine.i18n import _
from engine.model.epochs import drop_all
from engine.model.store import ModelDraft, ModelInfo, ModelStore, StoredModel
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.model.vectors import Float32
    from engine.service.erasure.evidence import Evidence

InUse = Literal["untouched", "made anew", "class removed", "deleted"]
ALIKE = 0.5
"""Cosine to the person's centre from which on a crop of a stranger counts as theirs: most people's
own crops reach 0.6 to 0.9 of their centre, strangers' seldom 0.4."""


def models(workspace: Workspace, who: Evidence) -> tuple[InUse, dict[str, int]]:
    """Take the person out of the model in use, delete the others that include them."""
    store = ModelStore(workspace)
    infos = store.list()
    current = next((info for info in infos if info.current), None)
    state: InUse = "untouched"
    if current is not None and _includes(current, who.slug):
        state = _replace(workspace, store, current, who.slug)
    drop_all(workspace.models)  # trainings that were cut short; they begin anew
    gone = [info.id for info in infos if _includes(info, who.slug)]
    for identity in gone:
        remove_directory(workspace.models / identity)
    return state, {"models": len(gone)}


def sightings(workspace: Workspace, who: Evidence) -> dict[str, int]:
    """Strangers in the inbox whose nearest person they were, or who look like them.

    Needs the models as they were before `models`.
    """
    inbox = Inbox(workspace, InboxSettings())  # reading needs none of them
    centres = _centres(workspace, who.slug)
    mentions = who.mentions(workspace)
    gone = 0
    for each in inbox.sightings():
        near = mentions.within(each.candidate) or mentions.within(each.source)
        if near or _alike(inbox, each.id, centres.get(each.space, ())):
            remove_directory(inbox.folder(each.id))
            gone += 1
    return {"sightings of unknowns": gone}


def _includes(info: ModelInfo, slug: str) -> bool:
    """Whether a model knows the person or was trained on them. A damaged one might."""
    trained = info.details.get("trained_on", {})
    return bool(info.damaged) or any(slug == each[0] for each in info.people) or slug in trained


def _replace(workspace: Workspace, store: ModelStore, info: ModelInfo, slug: str) -> InUse:
    try:
        model = store.load(info.id)
    except FacedeskError:
        model = None
    people = [label for label in info.people if label[0] != slug]
    if model is None or not people:
        with translate_os_errors(_("remove a file"), workspace.models / "current"):
            (workspace.models / "current").unlink(missing_ok=True)
        return "deleted"
    made = _made_anew(workspace, info, [label[0] for label in people])
    kept = [row for row, label in enumerate(model.labels) if label[0] != slug]
    store.promote(
        store.save(_without(model, slug, model.centres[kept] if made is None else made)).id
    )
    return "class removed" if made is None else "made anew"


def _without(model: StoredModel, slug: str, centres: Any) -> ModelDraft:
    """The model without one of its people, as a draft of recipe `head`."""
    info = model.info
    trained = {k: v for k, v in dict(info.details.get("trained_on", {})).items() if k != slug}
    kept = ("preprocessing", "backbone", "weights", "weights_source", "extractor", "face_space")
    details = {name: info.details[name] for name in (*kept, "versions") if name in info.details}
    split = {k: v for k, v in dict(info.details.get("split", {})).items() if k != "digest"}
    return ModelDraft(
        recipe="head",
        people=[label for label in model.labels if label[0] != slug],
        centres=centres,
        threshold=info.threshold,
        calibration=info.calibration,
        details={**details, "split": split, "trained_on": trained, "unfreeze": False, "erased": 1},
    )


def _made_anew(workspace: Workspace, info: ModelInfo, slugs: Sequence[str]) -> Float32 | None:
    """Centres of these people from their own cached embeddings; None if one is not there."""
    import numpy as np

    from engine.model.embedding_cache import kept_embeddings
    from engine.model.trained_on import decode
    from engine.model.vectors import class_centres

    trained = info.details.get("trained_on", {})
    extractor, space = info.details.get("extractor", ""), info.details.get("face_space", "")
    pieces, labels = [], []
    try:
        for row, slug in enumerate(slugs):
            sessions: Mapping[str, str] = trained[slug]
            for session, files in sessions.items():
                names = sorted(decode(files))
                found = kept_embeddings(workspace, extractor, space, slug, session, names)
                if found is None:
                    return None
                pieces.append(found)
                labels += [row] * len(names)
        return class_centres(np.concatenate(pieces), np.array(labels), len(slugs))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _centres(workspace: Workspace, slug: str) -> dict[str, list[Any]]:
    """The person's centres by face space, in all models."""
    store = ModelStore(workspace)
    found: dict[str, list[Any]] = {}
    for info in store.list():
        if any(slug == label[0] for label in info.people):
            with contextlib.suppress(FacedeskError):
                model = store.load(info.id)
                mine = [row for row, label in enumerate(model.labels) if label[0] == slug]
                found.setdefault(str(info.details.get("face_space", "")), []).extend(
                    model.centres[mine]
                )
    return found


def _alike(inbox: Inbox, sighting: str, centres: Sequence[Any]) -> bool:
    if not len(centres):
        return False
    import numpy as np

    from engine.model.arrays import unpack

    try:
        rows = unpack(read_bytes(inbox.folder(sighting) / FEATURES_FILE), "")["embeddings"]
        return bool((rows.astype(np.float32) @ np.stack(centres).T).max() >= ALIKE)
    except (FileNotFoundError, ModelCorrupt, KeyError, ValueError):
        return False

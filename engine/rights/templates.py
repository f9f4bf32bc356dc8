"""A person's templates: their class in models, and what trainings left.

The model in use goes on without them. Its centres are made anew from the pictures of the
others, where all their embeddings are cached: nothing of it then depends on the person, and
what is kept of thresholds is each of the others' own, but for how near others from the same
camera came. Where they are not, the person's row is cut out and the others' stay; training had
adjusted those beside the person. Recipe `classic` has a network trained on the pictures
themselves: it goes, and recipe `head` takes its place. Every other model that includes the
person is deleted: nobody goes back to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from engine.contract.errors import FacedeskError
from engine.model.epochs import drop_all
from engine.model.record import ModelDraft, ModelInfo, StoredModel
from engine.model.store import ModelStore
from engine.people.person import Person
from engine.people.registry import People
from engine.rights.evidence import RECORDS, Counts, Due, Evidence, Store, json_bytes, labels_of
from engine.settings import Settings
from engine.workspace.files import remove_directory
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from engine.model.vectors import Float32

InUse = Literal["untouched", "made anew", "class removed", "deleted"]


class Models(Store):
    """A person's class in each model."""

    name = "models"
    places = ("models",)
    archived = r"models/[A-Za-z0-9-]{1,80}\.json"
    about = """\
models/          the person's entry in each trained model: "centre" is the person's template, a
                 unit vector; "trained_on" lists the pictures it was made from
"""

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Take the person out of the model in use, delete the others that include them."""
        store = ModelStore(workspace)
        infos = store.list()
        current = next((info for info in infos if info.current), None)
        theirs = {info.id: labels_of(workspace, info, who) for info in infos}
        state: InUse = "untouched"
        if current is not None and (theirs[current.id] or current.damaged):
            state = _replace(workspace, store, current, theirs[current.id])
        drop_all(workspace.models)  # trainings that were cut short; they begin anew
        # A damaged one might know them.
        gone = [info.id for info in infos if theirs[info.id] or info.damaged]
        for identity in gone:
            remove_directory(workspace.models / identity)
        return {"models": len(gone), "model": state}

    def mentions(self, workspace: Workspace) -> Iterator[tuple[str, str]]:
        """The labels of all models."""
        for info in ModelStore(workspace).list():
            yield from ((id, name) for id, name, _revision in info.people)

    def export(self, workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
        """The person's entry in each model."""
        store = ModelStore(workspace)
        for info in store.list():
            mine = [row for row, label in enumerate(info.people) if label[0] in person.ids]
            for place, row in enumerate(mine):  # several where people were merged since
                id, name, _revision = info.people[row]
                entry: dict[str, Any] = {
                    "model": info.id,
                    "created": info.created,
                    "in_use": info.current,
                    "name": name,
                    "extractor": info.details.get("extractor"),
                    "face_space": info.details.get("face_space"),
                    "trained_on": dict(info.details.get("trained_on", {})).get(id),
                }
                with contextlib.suppress(FacedeskError):  # damaged: then what is readable
                    entry["centre"] = store.load(info.id).centres[row].tolist()
                yield f"models/{info.id}{f'-{place + 1}' if place else ''}.json", json_bytes(entry)

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """The oldest, beyond as many as are kept."""
        for id in ModelStore(workspace).beyond(settings.retention.models):
            yield Due.of(workspace, "model", workspace.models / id)


def _replace(
    workspace: Workspace, store: ModelStore, info: ModelInfo, theirs: frozenset[str]
) -> InUse:
    try:
        model = store.load(info.id)
    except FacedeskError:
        model = None
    people = [label for label in info.people if label[0] not in theirs]
    if model is None or not people:
        store.put_away()
        return "deleted"
    ids = [label[0] for label in people]
    kept = [row for row, label in enumerate(model.labels) if label[0] not in theirs]
    everything = "enrolled_on" if "enrolled_on" in info.details else "trained_on"
    made = _made_anew(workspace, info, ids, everything)
    judged = None
    if model.judged is not None:
        anew = _made_anew(workspace, info, ids, "trained_on")
        judged = model.judged[kept] if anew is None else anew
    centres = model.centres[kept] if made is None else made
    store.promote(store.save(_without(model, theirs, centres, judged)).id)
    return "class removed" if made is None else "made anew"


def _without(model: StoredModel, theirs: frozenset[str], centres: Any, judged: Any) -> ModelDraft:
    """The model without the people of these identities, as a draft of recipe `head`."""
    info = model.info
    rows = [row for row, label in enumerate(model.labels) if label[0] in theirs]
    kept = ("preprocessing", "backbone", "weights", "weights_source", "extractor", "face_space")
    details = {name: info.details[name] for name in (*kept, "versions") if name in info.details}
    split = {k: v for k, v in dict(info.details.get("split", {})).items() if k != "digest"}
    records = {
        name: {k: v for k, v in dict(info.details[name]).items() if k not in theirs}
        for name in RECORDS
        if name in info.details
    }
    if "judged" in info.details:
        details["judged"] = _calibration_without(info.details["judged"], theirs, rows)
    return ModelDraft(
        recipe="head",
        people=[label for label in model.labels if label[0] not in theirs],
        centres=centres,
        judged=judged,
        threshold=info.threshold,
        calibration=_calibration_without(info.calibration, theirs, rows),
        details={**details, **records, "split": split, "unfreeze": False, "erased": 1},
    )


def _calibration_without(
    found: Mapping[str, Any], theirs: frozenset[str], rows: Sequence[int]
) -> dict[str, Any]:
    """A calibration's record without what it keeps of these identities, who are in `rows`."""
    made = dict(found)
    if isinstance(made.get("own"), Mapping):
        made["own"] = {k: v for k, v in made["own"].items() if k not in theirs}
    if isinstance(made.get("raised"), list):
        made["raised"] = [each for i, each in enumerate(made["raised"]) if i not in rows]
    return made


def _made_anew(
    workspace: Workspace, info: ModelInfo, ids: Sequence[str], record: str
) -> Float32 | None:
    """Centres of these people from their own cached embeddings, of the pictures that the detail
    `record` lists; None if one is not there."""
    import numpy as np

    from engine.model.feature_store import kept_embeddings
    from engine.model.record import decode
    from engine.model.vectors import class_centres

    trained = info.details.get(record, {})
    extractor, space = info.details.get("extractor", ""), info.details.get("face_space", "")
    pieces, labels = [], []
    folders = {person.id: person.slug for person in People(workspace).list()}
    try:
        for row, id in enumerate(ids):
            slug, sessions = folders[id], trained[id]
            for session, files in sessions.items():
                names = sorted(decode(files))
                found = kept_embeddings(workspace, extractor, space, slug, session, names)
                if found is None:
                    return None
                pieces.append(found)
                labels += [row] * len(names)
        return class_centres(np.concatenate(pieces), np.array(labels), len(ids))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None

"""Put a new model and the one in use to the same held-out pictures, before the new one is used."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract.errors import ModelCorrupt, NoModel
from engine.dataset.split import Split
from engine.jobs.material import HELD_OUT, Material, Part, Picture, joined
from engine.model.face_space import Space
from engine.model.record import ModelDraft, ModelInfo, StoredModel, contains
from engine.model.store import ModelStore
from engine.model.vectors import Array
from engine.model.weights import Weights
from engine.people.permission import permitted
from engine.people.registry import People
from engine.pictures import decode_crop
from engine.recognise.gallery import TWO_FACES, two_faced
from engine.recognise.gate import (
    GateVerdict,
    Probes,
    StandIns,
    hits_of,
    judge,
    named_of,
    not_compared,
    not_unseen,
    why_not_comparable,
)
from engine.recognise.recogniser import classifier_for
from engine.recognise.threshold import StrangerSet
from engine.workspace.identity import PARTS

TOGETHER = 64
"""Crops put to a classifier between two looks at the token."""


class Gatekeeper:
    """Compares models on one split's held-out pictures.

    `parts` are the material's embeddings in `space`, as `Material.embed` gave them; `weights`
    are those of VGG16 that the new model was trained with, None on another backbone, `fpir` is
    the dial, and `strangers` are the operator's own.
    """

    def __init__(
        self,
        material: Material,
        parts: Mapping[str, Part],
        split: Split,
        space: Space,
        weights: Weights | None,
        fpir: float,
        strangers: StrangerSet,
    ) -> None:
        self._material = material
        self._parts = parts
        self._split = split
        self._space = space
        self._weights = weights
        self._fpir = fpir
        self._strangers = strangers
        self._people = People(material.workspace)

    def judge(self, draft: ModelDraft, cancel: Cancel) -> GateVerdict:
        """Whether the model of `draft` may be put in use. Seconds for recipe `classic`.

        A model in use that is damaged, or that cannot be compared, gives way. Raises Cancelled.
        """
        new = _as_stored(draft)
        old: StoredModel | None = None
        try:
            old = ModelStore(self._material.workspace).load()
            verdict = self._compare(old.as_judged(), new.as_judged(), cancel)
        except NoModel:
            verdict = not_compared("")
        except ModelCorrupt as error:
            verdict = not_compared(
                f"The model in use is damaged ({error.message}), so the new one was "
                "not compared with "
                "it."
            )
        return not_unseen(verdict, self._two_faced(old, str(draft.details["backbone"])))

    def _two_faced(self, old: StoredModel | None, backbone: str) -> list[str]:
        """Names of the people whose pictures show two faces, but for those whom the model in use
        has with the very same pictures."""
        enrolled = self._material.enrolled(self._parts, PARTS)
        used = {(id, revision) for id, _name, revision in old.labels} if old else set()
        faces = two_faced(
            enrolled.embeddings, enrolled.labels, enrolled.sessions, TWO_FACES.get(backbone)
        )
        people = [self._material.people[at] for at, _rows in faces]
        return [each.name for each in people if (each.id, each.revision) not in used]

    def _compare(self, old: StoredModel, new: StoredModel, cancel: Cancel) -> GateVerdict:
        why = why_not_comparable(old, new)
        chosen = [] if why else self._probes_for(old)
        if not chosen:
            return not_compared(why or self._why_no_probes(old))
        files = [picture for picture, _ in chosen]
        ids = [self._material.people[index].id for index, _, _ in files]
        rows = joined(self._parts, HELD_OUT).faces.at([row for _, row in chosen])
        probes = Probes(rows, ids, functools.cache(lambda: self._crops(files)))
        enrolled = frozenset(person.id for person in permitted(self._material.workspace))
        before, after = (
            hits_of(
                model,
                probes,
                self._space,
                self._fpir,
                enrolled,
                self._propose(model, cancel),
                self._strangers,
            )
            for model in (old, new)
        )
        stand_ins = self._stand_ins()
        named = (
            named_of(model, stand_ins, self._space, self._fpir, enrolled, self._strangers)
            for model in (old, new)
        )
        verdict = judge(before, after, *named)
        more = {label[0] for label in new.labels} - {label[0] for label in old.labels}
        if verdict.promote or not more:
            return verdict
        also = f"It knows {len(more)} more, and the more people, the higher the threshold."
        return replace(verdict, sentence=f"{verdict.sentence} {also}")

    def _stand_ins(self) -> StandIns:
        """The held-out pictures of each enrolled person, and the operator's own strangers."""
        held_out, own = joined(self._parts, HELD_OUT), self._strangers
        people, groups = np.unique(held_out.labels, return_inverse=True)
        ids = [self._material.people[person].id for person in people.tolist()]
        return StandIns(
            np.concatenate([held_out.embeddings, own.embeddings]),
            np.concatenate([groups, own.groups + len(ids)]).astype(np.intp),
            [*ids, *("" for _ in own.names)],
        )

    def _probes_for(self, old: StoredModel) -> list[tuple[Picture, int]]:
        """Held-out pictures that `old` was not trained on either, each with its place in them."""
        revisions = {id: revision for id, _, revision in old.labels}
        record = old.info.details.get("trained_on")
        same = _same_split(old.info, self._split)
        chosen: list[tuple[Picture, int]] = []
        held_out = [picture for part in HELD_OUT for picture in self._material.pictures(part)]
        for row, picture in enumerate(held_out):
            index, session, file = picture
            person = self._material.people[index]
            if person.id not in revisions:
                continue
            if record is not None:
                unseen = not contains(record, person.id, session, file)
            else:
                # A person's part in a split depends on nothing but seed, shares and pictures.
                unseen = same and revisions[person.id] == person.revision
            if unseen:
                chosen.append((picture, row))
        return chosen

    def _why_no_probes(self, old: StoredModel) -> str:
        if "trained_on" not in old.info.details and not _same_split(old.info, self._split):
            return (
                "The model in use was trained on another split and does not say which pictures "
                "it saw, so the two could not be compared."
            )
        return (
            "There are no held-out pictures of people that both models know, so the new "
            "one was not compared with the one in use."
        )

    def _crops(self, pictures: Sequence[Picture]) -> NDArray[np.uint8]:
        """The pictures themselves, (n, 160, 160, 3) RGB."""
        people = self._material.people
        return np.stack(
            [
                decode_crop(self._people.session_directory(people[index].slug, session) / file)
                for index, session, file in pictures
            ]
        )

    def _propose(
        self, model: StoredModel, cancel: Cancel
    ) -> Callable[[NDArray[np.uint8]], Array] | None:
        """The model's classifier, if it has one, looking at `cancel` between batches."""
        classifier = classifier_for(model, self._weights) if self._weights else None
        if classifier is None:
            return None

        def propose(crops: NDArray[np.uint8]) -> Array:
            found = []
            for start in range(0, len(crops), TOGETHER):
                cancel.check_cancelled()
                found.append(classifier(crops[start : start + TOGETHER]))
            return np.concatenate(found)

        return propose


def _same_split(info: ModelInfo, split: Split) -> bool:
    """Whether a model was made on a split of the same seed, shares and way of splitting."""
    made = info.details.get("split", {})
    random = made.get("mode") == "random"
    then = (made.get("seed"), made.get("shares"), random)
    return then == (split.seed, list(split.shares), split.mode == "random")


def _as_stored(draft: ModelDraft) -> StoredModel:
    """The draft as it will be loaded."""
    info = ModelInfo(
        id="",
        recipe=draft.recipe,
        people=tuple(draft.people),
        threshold=draft.threshold,
        calibration=draft.calibration,
        details=draft.details,
    )
    return StoredModel(info, draft.centres, draft.arrays, draft.judged)

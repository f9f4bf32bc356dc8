"""The promotion gate: may a newly trained model take the place of the one in use?

Both are put to the same held-out pictures, each with its own gallery and thresholds, decided as in
live use. Only the pictures that one of them names rightly and the other does not can tell
them apart (McNemar, Psychometrika 12, 1947); the new one is kept aside if it surely lost more of
these, or if it surely names more strangers: the operator's own, and every enrolled person searched
without themselves. A model with people of two faces waits for `promote`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract.errors import ModelCorrupt, NoModel
from engine.dataset.split import Split
from engine.jobs.material import HELD_OUT, Material, Part, Picture, joined
from engine.model.face_space import Space
from engine.model.record import ModelDraft, ModelInfo, StoredModel, trained_on
from engine.model.store import ModelStore
from engine.model.weights import Weights
from engine.people.permission import permitted
from engine.recognise.calibration import at_least
from engine.recognise.gallery import TWO_FACES, Faces, Gallery, two_faced
from engine.recognise.recogniser import Classifier, classifier_for, present_gallery
from engine.recognise.threshold import StrangerSet, kept_of, settle
from engine.workspace.identity import PARTS

Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether to promote, what it rests on, and a sentence for the operator.

    Of `probes` the model in use named `old_hits` rightly, the new one `new_hits`; `lost` only
    the former, `gained` only the latter. Of `strangers` the one in use named `old_named`, the new
    one `new_named`. Without a comparison all are 0, and the sentence says why; it is empty if there
    was no model in use at all. `two_faced` are the names of people whose pictures show two faces
    and who are not in use like that already.
    """

    promote: bool
    probes: int = 0
    old_hits: int = 0
    new_hits: int = 0
    lost: int = 0
    gained: int = 0
    sentence: str = ""
    strangers: int = 0
    old_named: int = 0
    new_named: int = 0
    two_faced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """Held-out pictures of people whom both models know.

    `embeddings` (n, dims), `ids` (n,) whose they are; `crops` gives the pictures themselves,
    (n, 160, 160, 3) RGB uint8, for a model that proposes names by its network.
    """

    embeddings: Faces
    ids: Sequence[str]
    crops: Callable[[], NDArray[np.uint8]]


def judge(old: Hits, new: Hits, old_named: Hits, new_named: Hits) -> GateVerdict:
    """Compare which of the same n probes either model named rightly, (n,) bool each, and which
    of the same strangers it named at all, (s,) bool each.

    Refused if, at 95 %, more than half of the probes on which the two differ are losses: the
    one-sided exact McNemar test, by way of the Clopper-Pearson bound. Frames of one session
    resemble each other, so there is less behind the bound than it takes for granted.
    """
    if old.shape != new.shape or old_named.shape != new_named.shape:
        raise ValueError(f"hits {old.shape} and {new.shape} are not of the same probes")
    lost, gained = int((old & ~new).sum()), int((new & ~old).sum())
    worse = at_least(lost, lost + gained) > 0.5
    sentence = (
        f"It names {int(new.sum())} of {len(new)} held-out pictures rightly, "
        f"the model before {int(old.sum())}."
    )
    let_in, kept_out = int((new_named & ~old_named).sum()), int((old_named & ~new_named).sum())
    looser = at_least(let_in, let_in + kept_out) > 0.5
    if looser:
        sentence += (
            f" It names {int(new_named.sum())} of {len(new_named)} strangers, "
            f"the model before {int(old_named.sum())}."
        )
    return GateVerdict(
        promote=not worse and not looser,
        probes=len(old),
        old_hits=int(old.sum()),
        new_hits=int(new.sum()),
        lost=lost,
        gained=gained,
        sentence=sentence,
        strangers=len(new_named),
        old_named=int(old_named.sum()),
        new_named=int(new_named.sum()),
    )


def hits_of(
    model: StoredModel,
    probes: Probes,
    space: Space,
    fpir: float,
    enrolled: frozenset[str],
    propose: Classifier | None = None,
    strangers: StrangerSet | None = None,
) -> Hits:
    """Which probes `model` gives their right name at its threshold for `fpir`: (n,) bool.

    As `Recogniser` decides single pictures: people who are no longer `enrolled` (ids) cannot
    be named; `propose` is the model's classifier (`recogniser.classifier_for`), or None; the
    operator's own `strangers` help to set the threshold. Raises ModelCorrupt if the model's
    threshold is no number.
    """
    gallery, threshold, kept = _settled(model, space, fpir, enrolled, strangers)
    proposals = None
    if propose is not None:
        proposals = np.asarray(propose(probes.crops())[:, kept], np.float32)
    found = gallery.search(probes.embeddings, proposals)
    right = np.array(gallery.names)[found.candidates] == np.array(probes.ids)
    return np.asarray(right & found.named(threshold))


def named_of(
    model: StoredModel,
    stand_ins: StrangerSet,
    space: Space,
    fpir: float,
    enrolled: frozenset[str],
    strangers: StrangerSet | None = None,
) -> Hits:
    """Of which `stand_ins`, who should not be named, `model` names a picture: (people,) bool.

    An enrolled one, who goes by their identity there, is searched in the gallery without
    themselves. Parameters and errors as of `hits_of`.
    """
    gallery, threshold, _unused = _settled(model, space, fpir, enrolled, strangers)
    scores = gallery.scores(stand_ins.embeddings)
    columns = {id: column for column, id in enumerate(gallery.names)}
    named = np.zeros(len(stand_ins), bool)
    for group, id in enumerate(stand_ins.names):
        rows = scores[stand_ins.groups == group]
        if id in columns:
            rows = np.delete(rows, columns[id], axis=1)
        named[group] = bool((rows >= threshold).any())
    return named


def _settled(
    model: StoredModel,
    space: Space,
    fpir: float,
    enrolled: frozenset[str],
    strangers: StrangerSet | None,
) -> tuple[Gallery, float, NDArray[np.intp]]:
    """The model's gallery of those enrolled, its threshold, and their rows in the model."""
    people, kept = present_gallery(model, space, enrolled)
    gallery, calibration = settle(space, people, fpir, kept_of(model.info), strangers)
    return gallery, calibration.threshold, kept


def names_nobody(model: StoredModel, enrolled: frozenset[str]) -> bool:
    """Whether everybody in it is gone or took their consent back; `enrolled` (ids) may be named."""
    return not any(id in enrolled for id, _name, _revision in model.labels)


def why_not_comparable(old: StoredModel, new: StoredModel, enrolled: frozenset[str]) -> str:
    """Why the two cannot be put to the same probes, as a sentence; empty if they can."""
    if names_nobody(old, enrolled):
        return "Nobody in the model in use may be named any more, so the two could not be compared."
    dims = old.centres.shape[1] == new.centres.shape[1]
    if not dims or _differ(old.info.details, new.info.details, "face_space"):
        return "The model in use is of another face space, so the two could not be compared."
    if _differ(old.info.details, new.info.details, "weights"):
        return "The model in use rests on other VGG16 weights, so the two could not be compared."
    return ""


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], detail: str) -> bool:
    return bool(old.get(detail, new.get(detail)) != new.get(detail))


@dataclass(frozen=True, slots=True, eq=False)
class Gatekeeper:
    """Compares models on one split's held-out pictures.

    `parts` are the material's embeddings in `space`, as `Material.embed` gave them; `weights`
    are those of VGG16 that the new model was trained with, None on another backbone, `fpir` is
    the dial, and `strangers` are the operator's own.
    """

    material: Material
    parts: Mapping[str, Part]
    split: Split
    space: Space
    weights: Weights | None
    fpir: float
    strangers: StrangerSet

    def judge(self, draft: ModelDraft, cancel: Cancel) -> GateVerdict:
        """Whether the model of `draft` may be put in use. Seconds for recipe `classic`.

        A model in use that is damaged, or that cannot be compared, gives way; but not to one that
        names nobody, for consent may be taken back while it is trained. Raises Cancelled.
        """
        new = _as_stored(draft)
        enrolled = frozenset(person.id for person in permitted(self.material.workspace))
        if names_nobody(new, enrolled):
            sentence = "Nobody in it may be named any more: they left or took their consent back."
            return GateVerdict(promote=False, sentence=sentence)
        old: StoredModel | None = None
        try:
            old = ModelStore(self.material.workspace).load()
            verdict = self._compare(old.as_judged(), new.as_judged(), enrolled, cancel)
        except NoModel:
            verdict = GateVerdict(promote=True)
        except ModelCorrupt as error:
            sentence = (
                f"The model in use is damaged ({error.message}), so the new one was not compared "
                "with it."
            )
            verdict = GateVerdict(promote=True, sentence=sentence)
        two_faced = self._two_faced(old, str(draft.details["backbone"]))
        if not two_faced:
            return verdict
        text = f"The pictures of {', '.join(two_faced)} show two faces."
        sentence = " ".join(filter(None, (verdict.sentence, text)))
        return replace(verdict, promote=False, sentence=sentence, two_faced=tuple(two_faced))

    def _two_faced(self, old: StoredModel | None, backbone: str) -> list[str]:
        """Names of the people whose pictures show two faces, but for those whom the model in use
        has with the very same pictures."""
        enrolled = self.material.enrolled(self.parts, PARTS)
        used = {(id, revision) for id, _name, revision in old.labels} if old else set()
        faces = two_faced(
            enrolled.embeddings, enrolled.labels, enrolled.sessions, TWO_FACES.get(backbone)
        )
        people = [self.material.people[at] for at, _rows in faces]
        return [each.name for each in people if (each.id, each.revision) not in used]

    def _compare(
        self, old: StoredModel, new: StoredModel, enrolled: frozenset[str], cancel: Cancel
    ) -> GateVerdict:
        why = why_not_comparable(old, new, enrolled)
        chosen = [] if why else self._probes_for(old)
        if not chosen:
            return GateVerdict(promote=True, sentence=why or self._why_no_probes(old))
        files = [picture for picture, _ in chosen]
        ids = [self.material.people[index].id for index, _, _ in files]
        rows = joined(self.parts, HELD_OUT).faces.at([row for _, row in chosen])
        probes = Probes(rows, ids, functools.cache(lambda: self.material.decoded(files)))
        stand_ins, own = self._stand_ins(), self.strangers
        hits, named = [], []
        for model in (old, new):
            propose = classifier_for(model, self.weights, cancel.check_cancelled)
            hits.append(hits_of(model, probes, self.space, self.fpir, enrolled, propose, own))
            named.append(named_of(model, stand_ins, self.space, self.fpir, enrolled, own))
        verdict = judge(*hits, *named)
        more = {label[0] for label in new.labels} - {label[0] for label in old.labels}
        if verdict.promote or not more:
            return verdict
        also = f"It knows {len(more)} more, and the more people, the higher the threshold."
        return replace(verdict, sentence=f"{verdict.sentence} {also}")

    def _stand_ins(self) -> StrangerSet:
        """The held-out pictures of each enrolled person, and the operator's own strangers."""
        held_out, own = joined(self.parts, HELD_OUT), self.strangers
        people, groups = np.unique(held_out.labels, return_inverse=True)
        ids = (self.material.people[person].id for person in people.tolist())
        return StrangerSet(
            np.concatenate([held_out.embeddings, own.embeddings]),
            np.concatenate([groups, own.groups + len(people)]).astype(np.intp),
            (*ids, *("" for _ in own.names)),
        )

    def _probes_for(self, old: StoredModel) -> list[tuple[Picture, int]]:
        """Held-out pictures that `old` was not trained on either, each with its place in them."""
        revisions = {id: revision for id, _, revision in old.labels}
        trained = trained_on(old.info)
        same = _same_split(old.info, self.split)
        chosen: list[tuple[Picture, int]] = []
        for row, picture in enumerate(self.material.pictures(*HELD_OUT)):
            index, session, file = picture
            person = self.material.people[index]
            if person.id not in revisions:
                continue
            if trained is not None:
                unseen = (person.id, f"{session}/{file}") not in trained
            else:
                # A person's part in a split depends on nothing but seed, shares and pictures.
                unseen = same and revisions[person.id] == person.revision
            if unseen:
                chosen.append((picture, row))
        return chosen

    def _why_no_probes(self, old: StoredModel) -> str:
        if "trained_on" in old.info.details or _same_split(old.info, self.split):
            return (
                "There are no held-out pictures of people that both models know, so the new one "
                "was not compared with the one in use."
            )
        return (
            "The model in use was trained on another split and does not say which pictures it saw, "
            "so the two could not be compared."
        )


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

"""The promotion gate: may a newly trained model take the place of the one in use?

Both are put to the same probes, each with its own gallery and thresholds, decided as in live use.
Only the probes that one of them names rightly and the other does not can tell them apart
(McNemar, Psychometrika 12, 1947); the new one is kept aside if it surely lost more of these. The
same is asked of strangers: the operator's own, and every enrolled person searched without
themselves; the new one is kept aside if it surely names more of them. And nobody comes into use of
whom two faces were enrolled, unless somebody has looked: such a model waits for `promote`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.face_space import Space
from engine.model.record import StoredModel
from engine.model.vectors import Array
from engine.recognise.calibration import at_least
from engine.recognise.gallery import Faces, Gallery
from engine.recognise.threshold import StrangerSet, kept_of, settle
from engine.recognise.tracking import Decision, decide

Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether to promote, what it rests on, and a sentence for the operator.

    Of `probes` the model in use named `old_hits` rightly, the new one `new_hits`; `lost` only
    the former, `gained` only the latter. Of `strangers` the one in use named `old_named`, the new
    one `new_named`. Without a comparison all are 0, and the sentence says
    why; it is empty if there was no model in use at all. `two_faced` are the names of people whose
    pictures show two faces and who are not in use like that already.
    """

    promote: bool
    probes: int
    old_hits: int
    new_hits: int
    lost: int
    gained: int
    sentence: str
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


@dataclass(frozen=True, slots=True, eq=False)
class StandIns:
    """People who should not be named: `embeddings` (n, dims), `groups` (n,) whose they are,
    0, 1, ...; `ids` of each, empty for a stranger of the operator's own. An enrolled one is
    searched in the gallery without themselves.
    """

    embeddings: Array
    groups: NDArray[np.intp]
    ids: Sequence[str]


def not_compared(sentence: str) -> GateVerdict:
    """Promote without a comparison, for the reason given."""
    return GateVerdict(True, 0, 0, 0, 0, 0, sentence)


def not_unseen(verdict: GateVerdict, two_faced: Sequence[str]) -> GateVerdict:
    """`verdict`, but for a model with people of two faces, by name: that is not promoted."""
    if not two_faced:
        return verdict
    text = (
        (
            "The pictures of {names} show two faces, so the model would name a "
            "second person as the "
            "first. See `facedesk people show` and `evaluate`; `model promote` uses "
            "it all the same."
        )
        if len(two_faced) == 1
        else (
            "The pictures of each of {names} show two faces, so the model would name "
            "a second person "
            "as the first. See `facedesk people show` and `evaluate`; `model "
            "promote` uses it all the "
            "same."
        )
    ).format(names=", ".join(two_faced))
    sentence = " ".join(filter(None, (verdict.sentence, text)))
    return replace(verdict, promote=False, sentence=sentence, two_faced=tuple(two_faced))


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
    counts = (
        f"Of {len(old)} held-out pictures the model in use names {int(old.sum())} rightly, the new "
        f"one {int(new.sum())} ({lost} lost, {gained} gained)"
    )
    verdict = "that is worse beyond chance." if worse else "that is not worse beyond chance."
    let_in, kept_out = int((new_named & ~old_named).sum()), int((old_named & ~new_named).sum())
    looser = at_least(let_in, let_in + kept_out) > 0.5
    if looser:
        verdict += " " + (
            f"It names {int(new_named.sum())} of {len(new_named)} strangers, the "
            f"one in use {int(old_named.sum())}: worse beyond chance."
        )
    return GateVerdict(
        promote=not worse and not looser,
        probes=len(old),
        old_hits=int(old.sum()),
        new_hits=int(new.sum()),
        lost=lost,
        gained=gained,
        sentence=f"{counts}; {verdict}",
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
    propose: Callable[[NDArray[np.uint8]], Array] | None = None,
    strangers: StrangerSet | None = None,
) -> Hits:
    """Which probes `model` gives their right name at its threshold for `fpir`: (n,) bool.

    As `Recogniser` decides single pictures: people who are no longer `enrolled` (ids) cannot
    be named; `propose` is the model's classifier (`recogniser.classifier_for`), or None; the
    operator's own `strangers` help to set the threshold. Raises ModelCorrupt if the model's
    threshold is no number.
    """
    gallery, threshold, kept = _settled(model, space, fpir, enrolled, strangers)
    scores = gallery.scores(probes.embeddings)
    if propose is None:
        candidates = scores.argmax(1)
    else:
        candidates = np.asarray(propose(probes.crops()))[:, kept].argmax(1)
    found = zip(scores, candidates.tolist(), probes.ids, strict=True)
    return np.array(
        [
            gallery.names[best] == id
            and decide(float(row[best]), threshold, best, (best,), 1).decision is Decision.KNOWN
            for row, best, id in found
        ],
        bool,
    )


def named_of(
    model: StoredModel,
    stand_ins: StandIns,
    space: Space,
    fpir: float,
    enrolled: frozenset[str],
    strangers: StrangerSet | None = None,
) -> Hits:
    """Of which stand-ins `model` names at least one picture: (people,) bool. Raises ModelCorrupt.

    Parameters as of `hits_of`.
    """
    gallery, threshold, _unused = _settled(model, space, fpir, enrolled, strangers)
    scores = gallery.scores(stand_ins.embeddings)
    columns = {id: column for column, id in enumerate(gallery.names)}
    named = np.zeros(len(stand_ins.ids), bool)
    for group, id in enumerate(stand_ins.ids):
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
) -> tuple[Gallery, float, list[int]]:
    """The model's gallery of those enrolled, its threshold, and their rows in the model."""
    known = [id for id, _, _ in model.labels]
    kept = [i for i, id in enumerate(known) if id in enrolled]
    people = Gallery(space, model.centres[kept], [known[i] for i in kept])
    gallery, calibration = settle(space, people, fpir, kept_of(model.info), strangers)
    return gallery, calibration.threshold, kept


def why_not_comparable(old: StoredModel, new: StoredModel) -> str:
    """Why the two cannot be put to the same probes, as a sentence; empty if they can."""
    dims = old.centres.shape[1] == new.centres.shape[1]
    if not dims or _differ(old.info.details, new.info.details, "face_space"):
        return "The model in use is of another face space, so the two could not be compared."
    if _differ(old.info.details, new.info.details, "weights"):
        return "The model in use rests on other VGG16 weights, so the two could not be compared."
    return ""


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], detail: str) -> bool:
    return bool(old.get(detail, new.get(detail)) != new.get(detail))

"""The promotion gate: may a newly trained model take the place of the one in use?

Both are put to the same probes, each with its own gallery and threshold, decided as in live use.
Only the probes that one of them names rightly and the other does not can tell them apart
(McNemar, Psychometrika 12, 1947); the new one is kept aside if it surely lost more of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.i18n import _
from engine.model.face_space import FaceSpace
from engine.model.store import StoredModel
from engine.model.vectors import Array
from engine.recognise.intervals import at_least
from engine.recognise.own_strangers import StrangerSet
from engine.recognise.scoring import Faces, Gallery
from engine.recognise.threshold import kept_of, settle
from engine.recognise.voting import Decision, decide

Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether to promote, what it rests on, and a sentence for the operator.

    Of `probes` the model in use named `old_hits` rightly, the new one `new_hits`; `lost` only
    the former, `gained` only the latter. Without a comparison all are 0, and the sentence says
    why; it is empty if there was no model in use at all.
    """

    promote: bool
    probes: int
    old_hits: int
    new_hits: int
    lost: int
    gained: int
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """Held-out pictures of people whom both models know.

    `embeddings` (n, dims), `slugs` (n,) whose they are; `crops` gives the pictures themselves,
    (n, 160, 160, 3) RGB uint8, for a model that proposes names by its network.
    """

    embeddings: Faces
    slugs: Sequence[str]
    crops: Callable[[], NDArray[np.uint8]]


def not_compared(sentence: str) -> GateVerdict:
    """Promote without a comparison, for the reason given."""
    return GateVerdict(True, 0, 0, 0, 0, 0, sentence)


def judge(old: Hits, new: Hits) -> GateVerdict:
    """Compare which of the same n probes either model named rightly, (n,) bool each.

    Refused if, at 95 %, more than half of the probes on which the two differ are losses: the
    one-sided exact McNemar test, by way of the Clopper-Pearson bound. Frames of one session
    resemble each other, so there is less behind the bound than it takes for granted.
    """
    if old.shape != new.shape:
        raise ValueError(f"hits {old.shape} and {new.shape} are not of the same probes")
    lost, gained = int((old & ~new).sum()), int((new & ~old).sum())
    worse = at_least(lost, lost + gained) > 0.5
    counts = _(
        "Of {count} held-out pictures the model in use names {old} rightly, the new "
        "one {new} ({lost} lost, {gained} gained)"
    ).format(count=len(old), old=int(old.sum()), new=int(new.sum()), lost=lost, gained=gained)
    verdict = _("that is worse beyond chance.") if worse else _("that is not worse beyond chance.")
    return GateVerdict(
        promote=not worse,
        probes=len(old),
        old_hits=int(old.sum()),
        new_hits=int(new.sum()),
        lost=lost,
        gained=gained,
        sentence=f"{counts}; {verdict}",
    )


def hits_of(
    model: StoredModel,
    probes: Probes,
    space: FaceSpace,
    fpir: float,
    enrolled: frozenset[str],
    propose: Callable[[NDArray[np.uint8]], Array] | None = None,
    strangers: StrangerSet | None = None,
) -> Hits:
    """Which probes `model` gives their right name at its threshold for `fpir`: (n,) bool.

    As `Recogniser` decides single pictures: people who are no longer `enrolled` (slugs) cannot
    be named; `propose` is the model's classifier (`recogniser.classifier_for`), or None; the
    operator's own `strangers` help to set the threshold. Raises ModelCorrupt if the model's
    threshold is no number.
    """
    known = [slug for slug, _, _ in model.labels]
    kept = [i for i, slug in enumerate(known) if slug in enrolled]
    gallery = Gallery(space, model.centres[kept], [known[i] for i in kept])
    kept_pictures = kept_of(model.info, space, fpir)
    threshold = settle(space, gallery, fpir, kept_pictures, strangers).threshold
    scores = gallery.scores(probes.embeddings)
    if propose is None:
        candidates = scores.argmax(1)
    else:
        candidates = np.asarray(propose(probes.crops()))[:, kept].argmax(1)
    found = zip(scores, candidates.tolist(), probes.slugs, strict=True)
    return np.array(
        [
            gallery.names[best] == slug
            and decide(float(row[best]), threshold, best, (best,), 1).decision is Decision.KNOWN
            for row, best, slug in found
        ],
        bool,
    )


def why_not_comparable(old: StoredModel, new: StoredModel) -> str:
    """Why the two cannot be put to the same probes, as a sentence; empty if they can."""
    dims = old.centres.shape[1] == new.centres.shape[1]
    if not dims or _differ(old.info.details, new.info.details, "face_space"):
        return _("The model in use is of another face space, so the two could not be compared.")
    if _differ(old.info.details, new.info.details, "weights"):
        return _("The model in use rests on other VGG16 weights, so the two could not be compared.")
    return ""


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], detail: str) -> bool:
    return bool(old.get(detail, new.get(detail)) != new.get(detail))

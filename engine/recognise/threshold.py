"""The thresholds in force, and what they mean in words for an operator.

There is one way to them, for a training and for every later start. The operator's own strangers
raise them: strangers, not pictures, are trials. A stranger counts by the share of their pictures
that reach a threshold, for pictures of one person resemble each other. Setting thresholds so that k
of n strangers pass leaves the bound `calibration.at_most(k, n)` true: it is the usual
distribution-free bound of an order statistic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.contract import Threshold, Warned
from engine.contract.errors import ModelCorrupt
from engine.model.face_space import Space
from engine.model.record import LARGEST_SCORE, ModelInfo
from engine.model.vectors import Array, Float32, Levelled
from engine.recognise.calibration import Calibration, Kept, Own, bounds, calibrate
from engine.recognise.gallery import Faces, Gallery
from engine.text import in_short, many, percent

ABOVE = 1e-4
"""How far above a stranger's score the threshold goes: rounding must not let the picture pass."""
_DUST = 1e-9
"""Sums of shares are not exact."""


@dataclass(frozen=True, slots=True, eq=False)
class StrangerSet:
    """Embeddings of strangers' pictures.

    `embeddings` (n, dims) float32 of unit length, `groups` (n,) the stranger that each picture
    shows, an index into `names`. Every stranger has a picture. `levels` (n, 1) if they are known.
    """

    embeddings: Float32
    groups: NDArray[np.intp]
    names: tuple[str, ...]
    levels: Float32 | None = None

    @property
    def faces(self) -> Faces:
        """The embeddings with all that is known of them."""
        if self.levels is None:
            return self.embeddings
        return Levelled(self.embeddings, self.levels)

    def __len__(self) -> int:
        return len(self.names)

    def search(self, gallery: Gallery) -> StrangerScores:
        """How high the best person scores for each picture."""
        return StrangerScores(gallery.search(self.faces).best, self.groups, len(self.names))


@dataclass(frozen=True, slots=True, eq=False)
class StrangerScores:
    """`best` (n,) scores of strangers' pictures, `groups` (n,) whose they are, 0 to strangers."""

    best: Array
    groups: NDArray[np.intp]
    strangers: int

    def hits(self, threshold: float) -> float:
        """Strangers that reach `threshold`: the sum of the shares of their pictures that do."""
        return float(self._weights()[self.best >= threshold].sum())

    def threshold_allowing(self, hits: float) -> float:
        """The lowest threshold that at most `hits` strangers reach; -inf if all may."""
        order = np.argsort(-self.best, kind="stable")
        passed = np.cumsum(self._weights()[order])
        beyond = np.flatnonzero(passed > hits + _DUST)
        return float(self.best[order[beyond[0]]]) + ABOVE if len(beyond) else -math.inf

    def _weights(self) -> NDArray[np.float64]:
        counts = np.bincount(self.groups, minlength=self.strangers)
        return np.asarray(1.0 / counts[self.groups], np.float64)


def whole(hits: float) -> int:
    """A sum of shares as a count for `bounds`: rounded up, to be careful."""
    return math.ceil(hits - _DUST)


def strangers_needed(fpir: float) -> int:
    """How many strangers, none of them named, show at 95 % that at most `fpir` are (3/fpir)."""
    return math.ceil(math.log(0.05) / math.log1p(-fpir) - _DUST)


def corrected(calibration: Calibration, gallery: Gallery, strangers: StrangerSet) -> Calibration:
    """`calibration`, with the thresholds raised of whom the operator's own strangers reach.

    `gallery` has the thresholds of `calibration`. At most the target share of the strangers may
    reach anybody. Nothing is ever lowered: strangers who look unlike the enrolled people prove
    nothing about others.
    """
    count = len(strangers)
    if not count:
        return calibration
    scores = strangers.search(gallery)
    if scores.hits(calibration.threshold) > calibration.fpir * count + _DUST:
        calibration = _raised(calibration, gallery.scores(strangers.faces), scores)
        scores = strangers.search(gallery.with_raised(calibration.raised))
    hits = scores.hits(calibration.threshold)
    low, high = bounds(whole(hits), count)
    return replace(calibration, measured=count, hits=hits, fpir_low=low, fpir_high=high)


def _raised(calibration: Calibration, each: Float32, scores: StrangerScores) -> Calibration:
    """Raise whoever is reached by a picture that may not pass; `each` (n, people) are scores."""
    count = scores.strangers
    passing = scores.threshold_allowing(calibration.fpir * count)
    # For every person, not only the best: the next best is what is left when that one is raised.
    highest = each[scores.best < passing].max(0) + ABOVE - calibration.threshold
    more = np.maximum(highest, 0.0)
    people = int((more > 0).sum())
    hits, who = scores.hits(calibration.threshold), many(people, "person", "people")
    note = (
        f"{hits:.3g} of {many(count, 'stranger')} of yours passed for an enrolled person. "
        f"The threshold of {who} is raised by up to {float(more.max()):.2f}."
    )
    raised = np.array(calibration.raised) + more
    return replace(calibration, raised=tuple(raised.tolist()), notes=(*calibration.notes, note))


LEAST_STRANGERS = 20
"""Own strangers below which a figure from them says next to nothing."""


def sentence(calibration: Calibration) -> str:
    """How often a stranger may be named, and what was measured."""
    if not calibration.measured:
        expected = percent(calibration.fpir)
        return f"Expected false matches: {expected}, default, not yet measured on your camera."
    highest = percent(calibration.fpir_high, up=True)
    measured = many(calibration.measured, "stranger")
    return f"Expected false matches: at most {highest}, measured on {measured} of yours."


def remarks(calibration: Calibration) -> list[str]:
    """What the sentence rests on, in sentences."""
    said = []
    if 0 < calibration.measured < LEAST_STRANGERS:
        needed, share = strangers_needed(calibration.fpir), percent(calibration.fpir)
        said.append(f"{needed} strangers would show {share}.")
    if calibration.stand_ins:
        said.append(
            f"{calibration.stand_in_hits:.3g} of {calibration.stand_ins} enrolled people were "
            "named when searched among all the others."
        )
    if calibration.alone:
        said.append(f"{many(calibration.alone, 'person has', 'people have')} one picture only.")
    if calibration.lean:
        who = many(calibration.lean, "person has", "people have")
        said.append(f"{who} fewer than five pictures.")
    return said


def brief(calibration: Calibration) -> str:
    """The same in a few words, for a line of a screen."""
    if calibration.measured < LEAST_STRANGERS:
        return f"false matches about {percent(calibration.fpir)}"
    return f"false matches at most {percent(calibration.fpir_high, up=True)}"


def settle(
    space: Space, gallery: Gallery, fpir: float, kept: Kept, strangers: StrangerSet | None = None
) -> tuple[Gallery, Calibration]:
    """The thresholds for this very gallery, the dial `fpir` and the operator's own strangers.

    The gallery that is returned has them. `gallery`'s names are identities.
    """
    made = calibrate(space.impostors, fpir, gallery.names, kept)
    if strangers is not None and len(strangers):
        made = corrected(made, gallery.with_raised(made.raised), strangers)
    notes = (*made.notes, *remarks(made))
    made = replace(made, sentence=sentence(made), brief=brief(made), notes=notes)
    return gallery.with_raised(made.raised), made


def lookalikes(
    space: Space,
    gallery: Gallery,
    names: Sequence[str],
    fpir: float,
    kept: Kept,
    strangers: StrangerSet,
) -> list[Warned]:
    """Warn of people whose threshold, if no stranger had raised it, would let most pictures of a
    stranger pass: if the two are one, the stranger hides who is enrolled. `names` go with
    `gallery`."""
    made = calibrate(space.impostors, fpir, gallery.names, kept)
    found = gallery.with_raised(made.raised).search(strangers.faces)
    alike: dict[str, list[str]] = {}
    for group, name in enumerate(strangers.names):
        own = strangers.groups == group
        passed = found.candidates[own & (found.best >= made.threshold)]
        if len(passed):
            counts = np.bincount(passed)
            if 2 * counts.max() > own.sum():
                alike.setdefault(names[int(counts.argmax())], []).append(name)
    return [Warned("lookalike", name, (in_short(found),)) for name, found in alike.items()]


def record(calibration: Calibration, kept: Kept) -> dict[str, Any]:
    """What a model keeps of its calibration, as JSON; `kept_of` reads it back."""
    names = ("fpir", "people", "measured", "hits", "fpir_low", "fpir_high", "sentence")
    return {
        **{name: getattr(calibration, name) for name in names},
        **asdict(kept),
        "raised": list(calibration.raised),
        "notes": list(calibration.notes),
    }


def kept_of(info: ModelInfo) -> Kept:
    """What training kept of the enrolled pictures.

    Raises ModelCorrupt if the record or the threshold holds what is no number.
    """
    found = info.calibration
    if info.threshold is not None and not np.isfinite(info.threshold):
        raise _damaged(f"{info.id}: its threshold is no number")
    try:
        own = {str(id): _own(each) for id, each in found.get("own", {}).items()}
        kept = Kept(own, int(found.get("stand_ins", 0)), float(found.get("stand_in_hits", 0.0)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(f"{info.id}: its calibration is no calibration") from error
    return kept


def threshold_event(calibration: Calibration, job: str) -> Threshold:
    """The calibration as an event of `job`."""
    names = {each.name for each in fields(Threshold)} - {"job"}
    return Threshold(job=job, **{name: getattr(calibration, name) for name in names})


def _own(found: Mapping[str, Any]) -> Own:
    pictures = found["pictures"]
    if type(pictures) is not int or pictures < 0:
        raise ValueError(pictures)
    return Own(pictures, *(_score(found.get(name)) for name in ("mean", "low", "near")))


def _score(value: Any) -> float | None:
    """A score, which is a cosine less means of cosines, or None."""
    if value is None:
        return None
    if type(value) not in (int, float) or not abs(value) <= LARGEST_SCORE:
        raise ValueError(value)
    return float(value)


def _damaged(why: str) -> ModelCorrupt:
    return ModelCorrupt("The model is damaged", why, "Train again.")

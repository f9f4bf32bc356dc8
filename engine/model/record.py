"""What a model is: the draft that training hands over, its description, and the loaded model.

Importing this needs neither numpy nor TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from engine.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1

BackboneName = Literal["vgg16", "dlib"]
"""Networks that faces may go through: see `backbones`."""

Label = tuple[str, str, str]
"""Slug, name and revision of a person when the model was trained."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ModelDraft:
    """Everything a training run hands over to be kept.

    `centres` (n, d) float32 of unit length, row i belonging to `people[i]`; `arrays` what else
    the recipe needs to be rebuilt; `details` further plain JSON for model.json (counts per
    part, split seed and mode, preprocessing, versions, extractor and space digests, history).
    """

    recipe: str
    people: Sequence[Label]
    centres: NDArray[Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int = 0
    threshold: float | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What is known of a model without loading its arrays.

    `created` is ISO 8601 UTC. `previous` is the model in use when this one was saved.
    `damaged` is empty, or why the description cannot be read (then the rest is blank).
    """

    id: str
    recipe: str = ""
    created: str = ""
    people: tuple[Label, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int = 0
    threshold: float | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    previous: str | None = None
    current: bool = False
    damaged: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A verified model. `arrays` are the recipe's own; `labels[i]` names row i of `centres`.

    Names are those at training time; look a person up by slug for the present one, so that a
    rename needs no training.
    """

    info: ModelInfo
    centres: NDArray[Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def labels(self) -> tuple[Label, ...]:
        """Slug, name and revision of each row of `centres`."""
        return self.info.people


def describe(
    draft: ModelDraft, identity: str, created: str, previous: str | None
) -> dict[str, Any]:
    """The contents of model.json for a draft."""
    arrays = {"centres": draft.centres, **draft.arrays}
    return {
        "format": FORMAT,
        "id": identity,
        "recipe": draft.recipe,
        "created": created,
        "metrics": dict(draft.metrics),
        "epochs": draft.epochs,
        "best_epoch": draft.best_epoch,
        "threshold": draft.threshold,
        "calibration": dict(draft.calibration),
        "previous": previous,
        "arrays": {n: {"dtype": a.dtype.str, "shape": a.shape} for n, a in arrays.items()},
        "details": dict(draft.details),
    }


def plain(value: Any) -> Any:
    """JSON types only: mappings and sequences through and through, null for NaN and infinity."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):  # numpy's float64 is one; JSON knows no NaN
        return float(value) if math.isfinite(value) else None
    return value


def parse_info(
    identity: str, description: Mapping[str, Any], labels: Sequence[Any], current: bool
) -> ModelInfo:
    """The reverse, with labels.json. Raises KeyError, TypeError or ValueError if malformed."""
    if description["format"] != FORMAT or description["id"] != identity:
        raise ValueError(_("model.json belongs to another model or a newer Facedesk"))
    return ModelInfo(
        id=identity,
        recipe=str(description["recipe"]),
        created=str(description["created"]),
        people=tuple((str(p["slug"]), str(p["name"]), str(p["revision"])) for p in labels),
        metrics={n: math.nan if v is None else v for n, v in description["metrics"].items()},
        epochs=int(description["epochs"]),
        best_epoch=int(description["best_epoch"]),
        threshold=description["threshold"],
        calibration=dict(description["calibration"]),
        details=dict(description["details"]),
        previous=description["previous"],
        current=current,
    )


def checked_centres(draft: ModelDraft) -> NDArray[Any]:
    """The draft's centres. Raises ValueError unless they are a unit row for each person."""
    import numpy as np

    if not draft.people:
        raise ValueError(_("a model needs at least one person"))
    centres = np.asarray(draft.centres)
    reason = wrong_centres(centres, len(draft.people))
    if reason:
        raise ValueError(reason)
    return centres


def wrong_centres(centres: NDArray[Any], people: int) -> str:
    """Why these are not the centres of so many people; empty if they are."""
    import numpy as np

    if centres.dtype != np.float32 or centres.ndim != 2 or len(centres) != people:
        return _("centres are {dtype} {shape}, not float32 ({people}, dimensions)").format(
            dtype=centres.dtype, shape=centres.shape, people=people
        )
    if not np.isfinite(centres).all() or np.abs(np.linalg.norm(centres, axis=1) - 1).max() > 0.01:
        return _("the centres are not unit vectors")
    return ""

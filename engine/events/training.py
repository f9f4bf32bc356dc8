"""Split, features, epochs, model and threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from engine.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDone(Event):
    """Pictures in each part; `people` maps a name to its counts in train, validation, test."""

    name: ClassVar[str] = "done"
    train: int
    validation: int
    test: int
    people: Mapping[str, Mapping[str, int]]
    warnings: tuple[str, ...]
    mode: str
    seed: int
    shares: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesProgress(Event):
    """VGG16 features are ready for `done` of `total` pictures; `cached` of them were before."""

    name: ClassVar[str] = "features"
    lossy: ClassVar[bool] = True
    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochDone(Event):
    """One epoch of training. `best` is the best epoch so far (1-based). NaN: no such data.

    `tpir` is the share of held-out pictures of enrolled people that are named rightly at the
    threshold, `fpir` the share of strangers kept out of training who are given a name.
    """

    name: ClassVar[str] = "epoch"
    epoch: int
    epochs: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    best: int
    tpir: float = math.nan
    fpir: float = math.nan

    @classmethod
    def from_record(cls, kept: Mapping[str, Any]) -> Self:
        """The event of `to_json`, as a file keeps it: null for NaN, and older files know fewer
        figures. Raises KeyError, TypeError, ValueError or OverflowError for what is none."""

        def figure(value: Any) -> float:
            return math.nan if value is None else float(value)

        names = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
        return cls(
            epoch=int(kept["epoch"]),
            epochs=int(kept["epochs"]),
            best=int(kept["best"]),
            **{name: figure(kept[name]) for name in names},
            **{name: figure(kept.get(name)) for name in ("tpir", "fpir")},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainDone(Event):
    """A model is complete, on disk and, if `promoted`, in use."""

    name: ClassVar[str] = "done"
    model: str
    recipe: str
    seconds: float
    epochs: int
    best_epoch: int
    promoted: bool
    people: tuple[str, ...]
    metrics: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Event):
    """The threshold of a model for the people and strangers there are now.

    `job` is train, recognise or strangers. `fpir` is the target; `measured` of the operator's
    own strangers were searched in a gallery of `people`, `fpir_low` and `fpir_high` are
    what that share is at least and at most, each at 95 % (0 and 1 if none were). `sentence` says
    what that means, `brief` says it in a few words, `notes` how the threshold came about.
    """

    name: ClassVar[str] = "threshold"
    job: str
    threshold: float
    fpir: float
    people: int
    measured: int
    fpir_low: float
    fpir_high: float
    sentence: str
    brief: str
    notes: tuple[str, ...] = ()

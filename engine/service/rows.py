"""What the user interface lists: people and models as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.enrol.consent import State
from engine.events import EpochDone

InModel = Literal["yes", "no", "stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as listed. `in_model` is stale if pictures changed since training; `newest` is
    when the last session began, empty without pictures. `unseen` is the day they were last seen if
    that is longer ago than `retention.people_days`, else empty. `untrained` of the pictures are
    not in the model in use."""

    name: str
    slug: str
    created: str
    pictures: int
    sessions: int
    in_model: InModel
    newest: str = ""
    consent: State = "given"
    unseen: str = ""
    id: str = ""
    """Who they are for good, whatever the name and the folder."""
    untrained: int = 0
    trouble: str = ""
    """Why they cannot be read and what helps; then the name may be the folder's, and nothing else
    is known of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A stored model as listed. `damaged` models cannot be promoted; `damage` is why.

    `aside` is why the promotion gate kept it aside, as a sentence; empty if it did not.
    `history` are the epochs of its training, empty if they were not recorded. `rank1`, `tpir` and
    `fpir` (shares, 0..1) are of its last stored evaluation, None if there is none.
    """

    id: str
    recipe: str
    created: str
    people: int
    epochs: int
    best_epoch: int
    threshold: float
    val_accuracy: float
    current: bool
    damaged: bool = False
    damage: str = ""
    aside: str = ""
    history: tuple[EpochDone, ...] = ()
    rank1: float | None = None
    tpir: float | None = None
    fpir: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """One picture of a person: its session, its file's name, and where it lies."""

    session: str
    file: str
    path: str

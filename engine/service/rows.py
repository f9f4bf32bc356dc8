"""What the user interface lists: people and models as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

InModel = Literal["yes", "no", "stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as listed. `in_model` is stale if pictures changed since training; `newest` is
    when the last session began, empty without pictures."""

    name: str
    slug: str
    created: str
    pictures: int
    sessions: int
    in_model: InModel
    newest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A stored model as listed. `damaged` models cannot be promoted.

    `aside` is why the promotion gate kept it aside, as a sentence; empty if it did not.
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
    aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """One picture of a person: its session, its file's name, and where it lies."""

    session: str
    file: str
    path: str

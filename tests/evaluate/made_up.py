"""Searches with chosen scores, and people with chosen pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.dataset.split import Split
from engine.evaluate.figures import Probes, Strangers
from engine.model.record import ModelInfo
from engine.people.person import Person, SessionInfo
from engine.recognise.gallery import Searches


def searches(scores: Sequence[Sequence[float]]) -> Searches:
    """Searches whose candidate is who scores best."""
    array = np.asarray(scores, np.float32)
    return Searches(array, array)


def probes(
    scores: Sequence[Sequence[float]],
    labels: Sequence[int],
    missed: Sequence[tuple[int, str]] = (),
    embeddings: Sequence[np.ndarray] = (),
) -> Probes:
    groups = tuple(f"person {label}/session" for label in labels)
    paths = tuple(Path(f"{n}.png") for n in range(len(labels)))
    rows = np.asarray(embeddings, np.float32)
    return Probes(searches(scores), np.asarray(labels), groups, rows, paths, tuple(missed))


def strangers(best: Sequence[float], people: Sequence[int], gallery: int = 2) -> Strangers:
    """Strangers who score `best` for the first person and nothing for the others."""
    scores = [[score, *[-1.0] * (gallery - 1)] for score in best]
    return Strangers(searches(scores), np.asarray(people))


def person(name: str, sessions: dict[str, int]) -> Person:
    """Somebody with so many pictures in each session."""
    return Person(
        name=name,
        slug=name.lower().replace(" ", "-"),
        created="",
        consent=None,
        sessions=tuple(
            SessionInfo(each, "camera", "", tuple(f"{n:04d}.png" for n in range(1, count + 1)))
            for each, count in sessions.items()
        ),
        revision="r",
        id=name.lower().replace(" ", "-"),
    )


def split_of(people: dict[str, dict[str, Sequence[str]]], **more: object) -> Split:
    """A split of slugs to parts."""
    full = {
        slug: {part: tuple(parts.get(part, ())) for part in ("train", "validation", "test")}
        for slug, parts in people.items()
    }
    given = {"seed": 1, "mode": "blocks", "shares": (0.7, 0.15, 0.15), **more}
    return Split(people=full, **given)  # type: ignore[arg-type]


def model(**details: object) -> ModelInfo:
    """A model's description with these details."""
    return ModelInfo(id="test", recipe="head", details=details)

"""Scoring one face in a large gallery."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from engine.bench.plan import Plan
from engine.bench.stopwatch import taking_turns
from engine.events import Figure
from engine.model.backbones import packaged_space
from engine.model.vectors import unit
from engine.recognise.scoring import Gallery

PEOPLE = 5000
ROUNDS = 51


def measure(plan: Plan) -> Iterator[Figure]:
    """A gallery of made-up centres: only their number matters to the time."""
    space = packaged_space("vgg16")
    random = np.random.default_rng(1)
    centres = unit(random.normal(size=(PEOPLE, space.dims)).astype(np.float32))
    gallery = Gallery(space, centres, [str(number) for number in range(PEOPLE)])
    face = unit(random.normal(size=(1, space.dims)).astype(np.float32))
    (taken,) = taking_turns([lambda: gallery.search(face)], ROUNDS)
    yield Figure(
        key="score.5000",
        what="score a face against {people} people".format(people=f"{PEOPLE:,}"),
        value=statistics.median(taken) * 1000,
        unit="ms",
        judged="value",
        least=5,
        stretch=1,
    )

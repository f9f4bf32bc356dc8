"""The measurements: one module each, with one function `measure` from a plan to figures.

Each runs in a process of its own (see `engine.bench.worker`), so that memory, threads and a crash
of one do not touch another.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

from engine.bench.plan import Plan
from engine.events import Figure

MEASURES = ("train", "add", "features", "recognise", "score", "start", "memory", "vault")
"""Names of the measurements, in their order."""


def measure(name: str, plan: Plan) -> Iterator[Figure]:
    """Carry out one measurement; figures come as they are known. Raises whatever it meets."""
    module = importlib.import_module(f"{__name__}.{name}")
    function: Callable[[Plan], Iterator[Figure]] = module.measure
    return function(plan)

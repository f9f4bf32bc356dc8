"""The process of one measurement: `python -m engine.bench.worker NAME PLAN DESCRIPTOR`.

Figures leave as JSON Lines on the descriptor, a failure as the last line. What native libraries
print goes where the parent sent the standard streams.

The measurements: one module each, with one function `measure` from a plan to figures.

Each runs in a process of its own (see `engine.bench.worker`), so that memory, threads and a crash
of one do not touch another.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bench.material import Plan
from engine.config import load_settings
from engine.contract import Figure
from engine.contract.errors import FacedeskError
from engine.logs import quieten_libraries
from engine.workspace.folder import Workspace
from engine.workspace.vault.keys import unlock

MEASURES = {
    "train": "training",
    "add": "training",
    "features": "speed",
    "recognise": "speed",
    "score": "speed",
    "start": "starting",
    "memory": "starting",
    "vault": "vault",
}
"""Names of the measurements in their order, and the module of each."""


def measure(name: str, plan: Plan) -> Iterator[Figure]:
    """Carry out one measurement; figures come as they are known. Raises whatever it meets."""
    module = importlib.import_module(f"engine.bench.{MEASURES[name]}")
    function: Callable[[Plan], Iterator[Figure]] = getattr(module, f"measure_{name}")
    return function(plan)


def main(name: str, plan: str, descriptor: str) -> int:
    """Measure and tell; 0, or 1 if it failed."""
    quieten_libraries()
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as told:

        def tell(kind: str, value: Any) -> None:
            told.write(json.dumps({kind: value}) + "\n")
            told.flush()

        try:
            given = Plan.from_json(plan)
            if given.workspace is not None:  # the passphrase was another process's
                unlock(Workspace(Path(given.workspace)).root, load_settings().vault)
            for figure in measure(name, given):
                tell("figure", asdict(figure))
        except Exception as error:  # one measurement's trouble must not end the others
            traceback.print_exc()
            known = isinstance(error, FacedeskError)
            tell("failure", str(error) if known else f"{type(error).__name__}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # native threads may hang at the end

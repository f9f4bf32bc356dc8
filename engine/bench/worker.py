"""The process of one measurement: `python -m engine.bench.worker NAME PLAN DESCRIPTOR`.

Figures leave as JSON Lines on the descriptor, a failure as the last line. What native libraries
print goes where the parent sent the standard streams.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bench.measures import measure
from engine.bench.plan import Plan
from engine.config import load_settings
from engine.errors import FacedeskError
from engine.logs import quieten_libraries
from engine.vault.unlock import unlock
from engine.workspace import Workspace


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

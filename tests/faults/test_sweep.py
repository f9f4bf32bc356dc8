"""Jobs that meet a fault at some of their changes to the disk; `sweep.py` does so at all."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.small_workspace import JOBS

REPOSITORY = Path(__file__).resolve().parents[2]


def swept(*options: str) -> list[dict[str, Any]]:
    """The sweep's lines; in a process of its own, for it forks."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.sweep", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=600,
    )
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.long
@pytest.mark.parametrize(
    ("faults", "every"), [(("kill",), 16), (("full", "broken-once", "read-only"), 40)]
)
def test_a_fault_at_any_change_leaves_everything_whole(faults: tuple[str, ...], every: int) -> None:
    named = [word for fault in faults for word in ("--fault", fault)]
    lines = swept(*named, "--every", str(every), "--seed", "1")
    assert [(line["fault"], line["job"]) for line in lines] == [*itertools.product(faults, JOBS)]
    assert [each for line in lines for each in line["wrong"]] == []
    for fault in faults:
        assert sum(line["met"] for line in lines if line["fault"] == fault) > 3

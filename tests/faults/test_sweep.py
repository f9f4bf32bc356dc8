"""Jobs that meet a fault at some of their changes to the disk; `sweep.py` does so at all."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("fault", "every"), [("kill", "9"), ("full", "30"), ("broken-once", "30"), ("read-only", "30")]
)
def test_a_fault_at_any_change_leaves_everything_whole(fault: str, every: str) -> None:
    lines = swept("--fault", fault, "--every", every, "--seed", "1")
    assert [line["job"] for line in lines] == list(JOBS)
    assert [each for line in lines for each in line["wrong"]] == []
    assert sum(line["met"] for line in lines) > len(JOBS)

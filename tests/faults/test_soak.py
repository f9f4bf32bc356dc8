"""A few kills of commands and of a desk's processes; `soak.py` goes on to hundreds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_nothing_is_lost_whoever_is_killed() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.faults.soak",
            "--kills", "12", "--seed", "2", "--no-train", "--desks", "8",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=600,
    )  # fmt: skip
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["wrong"] == [], done.stderr
    assert summary["kills"] >= 12
    assert {"command", "camera", "desk"} == set(summary["by_process"])
    assert summary["told"]
    assert done.returncode == 0

"""The cores that a process may use, and what a user is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.machine import NICE, account, usable_cores, user_name

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's affinity")
def test_cores_taken_from_a_process_are_not_counted() -> None:
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from engine.machine import usable_cores; print(usable_cores())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "1"
    assert usable_cores() >= 1


def test_a_user_without_an_account_is_called_by_number() -> None:
    free = next(uid for uid in range(60_000, 70_000) if account(uid) is None)
    assert user_name(free) == f"user {free} (no name)"
    assert user_name(0) == account(0) == "root"


@pytest.mark.parametrize(("own", "told"), [(None, "1"), ("4", "4")])
def test_matrix_products_get_one_thread_unless_the_operator_says_otherwise(
    own: str | None, told: str
) -> None:
    script = (
        "import os, sys; from tui.cli import main\n"
        "try: main(['people', 'list', '--help'])\n"
        "except SystemExit: pass\n"
        "assert 'numpy' not in sys.modules\n"
        "print(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    given = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=given | ({"OPENBLAS_NUM_THREADS": own} if own else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == told


def test_a_child_of_the_app_gets_less_of_a_busy_processor() -> None:
    script = (
        "import os; from engine.machine import let_the_screen_go_first as f; f(); print(os.nice(0))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) == min(19, os.nice(0) + NICE)

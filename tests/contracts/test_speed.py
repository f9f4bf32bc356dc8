"""No test's verdict depends on how fast the machine is.

A test waits for an event or for a state that stays. A bound on time only ends a hang; it is a
constant of such a name, and generous.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"monotonic", "perf_counter", "process_time", "time", "monotonic_ns", "perf_counter_ns"}
HANGS = {"HANG", "LONGEST"}
LONG = 0.5
"""Seconds of sleep in a test from which on it is meant to outlast something."""
SLEEPS = {
    "e2e/test_app_flow.py": "only where README's pictures are made",
    "e2e/test_terminal_faults.py": "the app is suspended for a while; nothing is judged by it",
}


@cache
def nodes() -> list[tuple[str, list[ast.AST]]]:
    """Assertions and calls of each file of tests."""
    found = []
    for file in sorted(TESTS.rglob("test_*.py")):
        every = ast.walk(ast.parse(file.read_text()))
        looked_at = [node for node in every if isinstance(node, ast.Assert | ast.Call)]
        found.append((str(file.relative_to(TESTS)), looked_at))
    return found


def is_clock(node: ast.AST) -> bool:
    """`time.monotonic()` and the like."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr in CLOCKS) == ("time", True)
    )


def bounds_time(node: ast.AST) -> bool:
    """An assertion that some time since is less than a bound that is no end of a hang."""
    if not isinstance(node, ast.Assert):
        return False
    return any(
        isinstance(each, ast.Compare)
        and isinstance(each.left, ast.BinOp)
        and isinstance(each.left.op, ast.Sub)
        and is_clock(each.left.left)
        and isinstance(each.ops[0], ast.Lt | ast.LtE)
        and not (isinstance(each.comparators[0], ast.Name) and each.comparators[0].id in HANGS)
        for each in ast.walk(node.test)
    )


def sleeps_long(node: ast.AST) -> bool:
    """`sleep(2)` or `pause(0.5)`: so many seconds, whatever happens meanwhile."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("sleep", "pause")
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, int | float)
        and node.args[0].value >= LONG
    )


def test_no_test_asserts_that_something_took_less_than_so_many_seconds() -> None:
    found = {name for name, each in nodes() if any(map(bounds_time, each))}
    assert not found


def test_no_test_sleeps_where_it_can_wait_for_what_it_is_about() -> None:
    found = {name for name, each in nodes() if any(map(sleeps_long, each))}
    assert found - SLEEPS.keys() == set()
    assert SLEEPS.keys() - found == set()


def test_both_kinds_are_noticed() -> None:
    def noticed(text: str) -> list[bool]:
        every = list(ast.walk(ast.parse(text)))
        return [any(map(bounds_time, every)), any(map(sleeps_long, every))]

    assert noticed("assert time.monotonic() - began < 3") == [True, False]
    assert noticed("assert time.monotonic() - began < HANG") == [False, False]
    assert noticed("assert time.monotonic() - begun >= 0.3") == [False, False]
    assert noticed("time.sleep(2)") == [False, True]
    assert noticed("await pilot.pause(0.02)") == [False, False]

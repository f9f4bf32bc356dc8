from __future__ import annotations

from engine.bench.material import Plan

PLAN = Plan(folder="/tmp/x", program=("python", "-m", "tui"), quick=True, workspace="/w")


def test_a_plan_survives_its_way_to_another_process() -> None:
    assert Plan.from_json(PLAN.to_json()) == PLAN


def test_a_quick_plan_does_less() -> None:
    assert PLAN.sized(100, 20) == 20
    assert Plan(folder="/tmp/x", program=()).sized(100, 20) == 100

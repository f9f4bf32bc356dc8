from __future__ import annotations

from engine.bench.material import interleaved, seconds_of


def test_works_take_turns_each_way_after_a_round_that_does_not_count() -> None:
    order: list[str] = []
    taken = interleaved([lambda: order.append("a"), lambda: order.append("b")], 2)
    assert order == ["a", "b", "a", "b", "b", "a"]
    assert [len(each) for each in taken] == [2, 2]


def test_a_single_work_is_done_once() -> None:
    done: list[int] = []
    assert seconds_of(lambda: done.append(1)) >= 0
    assert done == [1]

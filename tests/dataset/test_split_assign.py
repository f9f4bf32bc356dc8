"""Which of one person's pictures go where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dataset.split import Parts, Shares, assign, counts_for
from engine.people.person import Person, SessionInfo
from engine.workspace.identity import PARTS

USUAL: Shares = (0.7, 0.15, 0.15)


def person(*sizes: int, slug: str = "anna") -> Person:
    """Somebody with sessions of so many pictures."""
    sessions = tuple(
        SessionInfo(f"s{i}", "0", "", tuple(f"{n + 1:04d}.png" for n in range(size)))
        for i, size in enumerate(sizes)
    )
    return Person("Anna", slug, "", None, sessions, "")


def every(person: Person) -> list[str]:
    return [f"{s.id}/{picture}" for s in person.sessions for picture in s.pictures]


def counts(parts: Parts) -> tuple[int, ...]:
    return tuple(len(parts[part]) for part in PARTS)


def sessions_of(pictures: tuple[str, ...]) -> set[str]:
    return {picture.split("/")[0] for picture in pictures}


people = st.lists(st.integers(1, 40), min_size=1, max_size=7).map(lambda sizes: person(*sizes))
shares = st.tuples(st.integers(1, 20), st.integers(0, 20), st.integers(0, 20)).map(
    lambda parts: (parts[0] / sum(parts), parts[1] / sum(parts), parts[2] / sum(parts))
)
seeds = st.integers(0, 2**31 - 1)


@given(people, shares, seeds, st.booleans())
def test_every_picture_is_in_exactly_one_part(
    someone: Person, wanted: Shares, seed: int, random: bool
) -> None:
    parts = assign(someone, wanted, seed, random)
    assert sorted(parts["train"] + parts["validation"] + parts["test"]) == sorted(every(someone))


@given(people, shares, seeds, st.booleans())
def test_the_same_seed_gives_the_same_parts(
    someone: Person, wanted: Shares, seed: int, random: bool
) -> None:
    assert assign(someone, wanted, seed, random) == assign(someone, wanted, seed, random)


@given(people, shares, seeds, st.booleans())
def test_there_are_always_pictures_to_train_with(
    someone: Person, wanted: Shares, seed: int, random: bool
) -> None:
    assert assign(someone, wanted, seed, random)["train"]


@given(people, shares, seeds, st.booleans())
def test_parts_keep_the_order_of_capture(
    someone: Person, wanted: Shares, seed: int, random: bool
) -> None:
    order = every(someone)
    for pictures in assign(someone, wanted, seed, random).values():
        assert [p for p in order if p in pictures] == list(pictures)


@given(people.filter(lambda p: len(p.sessions) >= 2 and p.pictures >= 3), shares, seeds)
def test_no_training_session_is_checked_with(someone: Person, wanted: Shares, seed: int) -> None:
    parts = assign(someone, wanted, seed, False)
    checked = sessions_of(parts["validation"] + parts["test"])
    assert not sessions_of(parts["train"]) & checked


@given(people.filter(lambda p: len(p.sessions) >= 3), shares, seeds)
def test_three_sessions_or_more_are_never_cut(someone: Person, wanted: Shares, seed: int) -> None:
    parts = assign(someone, wanted, seed, False)
    assert not sessions_of(parts["validation"]) & sessions_of(parts["test"])


@given(people.filter(lambda p: len(p.sessions) >= 3), shares, seeds)
def test_with_three_sessions_a_part_has_pictures_if_it_has_a_share(
    someone: Person, wanted: Shares, seed: int
) -> None:
    parts = assign(someone, wanted, seed, False)
    assert [count > 0 for count in counts(parts)] == [share > 0 for share in wanted]


def test_whole_sessions_meet_the_shares_as_well_as_they_can() -> None:
    parts = assign(person(*[10] * 20), USUAL, 1, False)
    assert counts(parts) == (140, 30, 30)


def test_of_two_sessions_the_larger_trains_and_the_other_is_cut_in_time() -> None:
    parts = assign(person(4, 10), USUAL, 1, False)
    assert sessions_of(parts["train"]) == {"s1"}
    assert parts["validation"] == ("s0/0001.png", "s0/0002.png")
    assert parts["test"] == ("s0/0003.png", "s0/0004.png")


def test_a_second_session_of_one_picture_goes_to_validation() -> None:
    assert counts(assign(person(10, 1), USUAL, 1, False)) == (10, 1, 0)


def test_two_sessions_both_train_if_nothing_else_has_a_share() -> None:
    assert counts(assign(person(4, 10), (1.0, 0.0, 0.0), 1, False)) == (14, 0, 0)


def test_one_session_is_cut_into_blocks_of_time() -> None:
    someone = person(100)
    parts = assign(someone, USUAL, 1, False)
    assert counts(parts) == (70, 15, 15)
    assert list(parts["train"] + parts["validation"] + parts["test"]) == every(someone)


@pytest.mark.parametrize("sizes", [(1,), (2,), (1, 1)])
def test_fewer_than_three_pictures_all_train(sizes: tuple[int, ...]) -> None:
    assert counts(assign(person(*sizes), USUAL, 1, False)) == (sum(sizes), 0, 0)


def test_three_pictures_give_one_to_each_part() -> None:
    assert counts(assign(person(3), USUAL, 1, False)) == (1, 1, 1)


def test_a_random_split_scatters_neighbours() -> None:
    parts = assign(person(100), USUAL, 1, True)
    assert counts(parts) == (70, 15, 15)
    numbers = [int(picture[3:7]) for picture in parts["test"]]
    assert max(numbers) - min(numbers) > 15


def test_another_seed_gives_another_random_split() -> None:
    assert assign(person(100), USUAL, 1, True) != assign(person(100), USUAL, 2, True)


def test_people_are_scattered_independently() -> None:
    anna = assign(person(100), USUAL, 1, True)
    assert assign(person(100, slug="bob"), USUAL, 1, True) != anna


def test_the_seed_chooses_among_equal_sessions() -> None:
    tests = {assign(person(10, 10, 10), USUAL, seed, False)["test"] for seed in range(20)}
    assert len(tests) == 3


@given(st.integers(0, 500), shares)
def test_counts_add_up_and_lie_within_one_of_their_share(number: int, wanted: Shares) -> None:
    made = counts_for(number, wanted)
    assert sum(made) == number
    assert all(count >= 0 for count in made)
    # Two parts at most may have been lifted to one at the largest part's cost.
    assert all(abs(c - number * share) < 1 + 2 for c, share in zip(made, wanted, strict=True))
    assert all(count == 0 for count, share in zip(made, wanted, strict=True) if not share)


def with_parts(*parts: str, size: int = 10) -> Person:
    """Somebody with a session of `size` pictures for each part; an empty one has none."""
    someone = person(*(size for _ in parts))
    given = zip(someone.sessions, parts, strict=True)
    return replace(someone, sessions=tuple(replace(session, part=p) for session, p in given))


def test_the_operators_own_division_is_kept() -> None:
    parts = assign(with_parts("test", "train", "validation", "train"), USUAL, 1, random=False)
    assert sessions_of(parts["train"]) == {"s1", "s3"}
    assert sessions_of(parts["validation"]) == {"s2"}
    assert sessions_of(parts["test"]) == {"s0"}


def test_what_has_no_part_is_drawn_beside_the_operators_own_division() -> None:
    someone = with_parts("test", "train", "")
    parts = assign(someone, USUAL, 1, random=False)
    assert sorted(p for part in PARTS for p in parts[part]) == sorted(every(someone))
    assert {"s0/0001.png", "s2/0010.png"} <= set(parts["test"])
    assert "s1" in sessions_of(parts["train"])


def test_a_division_that_leaves_nothing_to_train_on_is_drawn_anew() -> None:
    assert counts(assign(with_parts("test"), USUAL, 1, random=False)) == (7, 2, 1)

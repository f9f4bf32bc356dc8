"""The split of everybody: mode, warnings, split.json, and whether it still fits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.contract.errors import DataError, NoPictures, SplitMissing
from engine.contract.events_base import Warned, grouped
from engine.dataset.split import (
    check_fits,
    load_split,
    make_split,
    save_split,
    split_warnings,
    summarise,
)
from engine.people.person import Person, SessionInfo
from engine.settings import SplitSettings
from engine.workspace.files import write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import IMPORTED

SETTINGS = SplitSettings()


def person(name: str, *sizes: int, source: str = "0") -> Person:
    sessions = tuple(
        SessionInfo(f"s{i}", source, "", tuple(f"{n + 1:04d}.png" for n in range(size)))
        for i, size in enumerate(sizes)
    )
    return Person(name, name.lower(), "", None, sessions, "")


def warnings(*people: Person, random: bool = False) -> tuple[Warned, ...]:
    return split_warnings(make_split(people, SETTINGS, random=random), people)


def warned(*people: Person) -> str:
    """What is said of the last of these people."""
    return " ".join(each.text for each in warnings(*people) if each.subject == people[-1].name)


@pytest.mark.parametrize(
    ("people", "mode"),
    [
        ([person("Anna", 20, 20)], "sessions"),
        ([person("Anna", 20)], "blocks"),
        ([person("Anna", 20, 20, 20), person("Bob", 20)], "mixed"),
        ([person("Anna", 20, 20), person("Bob", 2)], "sessions"),
        ([person("Bob", 1)], "blocks"),
    ],
)
def test_the_mode_says_how_pictures_were_kept_together(people: list[Person], mode: str) -> None:
    assert make_split(people, SETTINGS).mode == mode


def test_the_operators_own_division_is_the_mode_and_warns_of_nothing_else() -> None:
    anna = person("Anna", 20, 20)
    own = [
        replace(session, part=part)
        for session, part in zip(anna.sessions, ("train", "test"), strict=True)
    ]
    divided = replace(anna, sessions=tuple(own))
    assert make_split([divided], SETTINGS).mode == "own"
    assert grouped(warnings(divided)) == ("Anna: no pictures for validation.",)
    assert make_split([replace(anna, sessions=tuple(own[1:]))], SETTINGS).mode == "blocks"


def test_a_random_split_says_so_and_warns() -> None:
    split = make_split([person("Anna", 20)], SETTINGS, random=True)
    assert split.mode == "random"
    assert "comparison only" in warnings(person("Anna", 20), random=True)[0].text


def test_a_split_is_never_random_unless_asked_for() -> None:
    anna = person("Anna", 100)
    parts = make_split([anna], SETTINGS).people["anna"]
    assert parts["train"] == tuple(f"s0/{n:04d}.png" for n in range(1, 71))


def test_one_session_is_warned_about() -> None:
    anna = person("Anna", 20)
    assert "figures are optimistic" in warned(anna)
    assert warned(anna, person("Bob", 20, 20, 20)) == ""


def test_one_import_is_warned_about_with_a_condition() -> None:
    text = warned(person("Anna", 20, source=f"{IMPORTED}photos"))
    assert "figures are optimistic" in text
    assert "import" in text


def test_two_sessions_are_told_to_share_one_for_checking() -> None:
    assert "share one" in warned(person("Anna", 20, 20))


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_pictures_are_warned_about(count: int) -> None:
    assert "all used for training" in warned(person("A", count))


def test_few_pictures_are_warned_about() -> None:
    assert "only 9 pictures" in warned(person("A", 3, 3, 3))
    assert "only" not in warned(person("A", 3, 3, 4))


def test_a_part_that_stays_empty_is_warned_about() -> None:
    assert "no pictures for test" in warned(person("A", 20, 1))


def test_somebody_without_pictures_is_left_out_with_a_warning() -> None:
    people = person("Anna", 20), person("Bob")
    assert set(make_split(people, SETTINGS).people) == {"anna"}
    assert "left out" in warned(*people)


@pytest.mark.parametrize("people", [[], [person("Anna")]])
def test_nothing_to_split_is_an_error(people: list[Person]) -> None:
    with pytest.raises(NoPictures):
        make_split(people, SETTINGS)


def test_one_persons_part_does_not_depend_on_the_others() -> None:
    anna, bob = person("Anna", 10, 10, 10), person("Bob", 10, 10, 10)
    both = make_split([anna, bob], SETTINGS)
    assert make_split([bob], SETTINGS).people["bob"] == both.people["bob"]


def test_a_saved_split_is_loaded_unchanged(workspace: Workspace) -> None:
    split = make_split([person("Anna", 20), person("Bob", 9, 9, 9)], SETTINGS)
    save_split(workspace, split)
    assert load_split(workspace) == split


def test_the_file_tells_the_counts(workspace: Workspace) -> None:
    save_split(workspace, make_split([person("Anna", 20)], SETTINGS))
    entry = json.loads(workspace.split_file.read_text())["people"]["anna"]
    assert entry["counts"] == {"train": 14, "validation": 3, "test": 3}


def test_without_a_file_there_is_no_split(workspace: Workspace) -> None:
    assert load_split(workspace) is None


def damaged(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "version": 1,
        "seed": 1,
        "mode": "blocks",
        "shares": {"train": 0.7, "validation": 0.15, "test": 0.15},
        "warnings": [],
        "people": {"anna": {"train": ["s0/0001.png"], "validation": [], "test": []}},
    }
    return {**body, **changes}


def people_with(*train: Any, validation: Any = ()) -> dict[str, Any]:
    return {"anna": {"train": list(train), "validation": list(validation), "test": []}}


def test_the_sound_file_of_these_tests_loads(workspace: Workspace) -> None:
    write_json(workspace.split_file, damaged())
    assert load_split(workspace) is not None


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        damaged(version=2),
        damaged(seed="1"),
        damaged(seed=True),
        damaged(mode="other"),
        damaged(mode=[]),
        damaged(shares={"train": 1}),
        damaged(shares={"train": 2, "validation": 0, "test": 0}),
        damaged(shares={"train": 0.5, "validation": 0.1, "test": 0.1}),
        damaged(people=[]),
        damaged(people={"../x": {"train": [], "validation": [], "test": []}}),
        damaged(people={"anna": {"train": []}}),
        damaged(people={"anna": None}),
        damaged(people=people_with("../bob/s0/0001.png")),
        damaged(people=people_with("../0001.png")),
        damaged(people=people_with("/etc/0001.png")),
        damaged(people=people_with("s0/../0001.png")),
        damaged(people=people_with("s0/0001.png\n")),
        damaged(people=people_with("s0/passwd")),
        damaged(people=people_with(3)),
        damaged(people={"anna": {"train": "s0/0001.png", "validation": [], "test": []}}),
        damaged(people=people_with("s0/0001.png", "s0/0001.png")),
        damaged(people=people_with("s0/0001.png", validation=["s0/0001.png"])),
    ],
)
def test_a_damaged_file_is_a_data_error_with_a_cure(workspace: Workspace, body: Any) -> None:
    write_json(workspace.split_file, body)
    with pytest.raises(DataError) as caught:
        load_split(workspace)
    assert str(workspace.split_file) in caught.value.message
    assert "facedesk split" in caught.value.hint


def test_a_file_cut_short_is_a_data_error(workspace: Workspace) -> None:
    workspace.split_file.write_text('{"version": 1')
    with pytest.raises(DataError):
        load_split(workspace)


def test_an_unchanged_registry_fits() -> None:
    people = [person("Anna", 20), person("Bob", 5, 5), person("Carol")]
    check_fits(make_split(people, SETTINGS), people)


def test_a_renamed_person_still_fits() -> None:
    anna = person("Anna", 20)
    check_fits(make_split([anna], SETTINGS), [replace(anna, name="Maria")])


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ([person("Anna", 20), person("Bob", 20)], "Bob is new"),
        ([], "the pictures of anna are gone"),
        ([person("Anna")], "the pictures of Anna are gone"),
        ([person("Anna", 22)], "2 new pictures of Anna"),
        ([person("Anna", 20, 1)], "1 new picture of Anna"),
        ([person("Anna", 19)], "1 picture of Anna gone"),
    ],
)
def test_a_change_is_told_with_the_cure(now: list[Person], said: str) -> None:
    split = make_split([person("Anna", 20)], SETTINGS)
    with pytest.raises(SplitMissing, match=said) as caught:
        check_fits(split, now)
    assert "facedesk split" in caught.value.hint


def test_of_many_changes_a_few_are_told() -> None:
    split = make_split([person("Anna", 20)], SETTINGS)
    everybody = [person("Anna", 20), *(person(f"P{n}", 3) for n in range(10))]
    with pytest.raises(SplitMissing, match="P0 is new; P1 is new; P2 is new; and 7 more"):
        check_fits(split, everybody)


def test_the_summary_counts_by_name_and_in_all() -> None:
    people = [person("Anna", 20), person("Bob", 10, 10, 10)]
    done = summarise(make_split(people, SETTINGS), people, warnings(*people))
    assert (done.train, done.validation, done.test) == (24, 13, 13)
    assert done.people == {
        "Anna": {"train": 14, "validation": 3, "test": 3},
        "Bob": {"train": 10, "validation": 10, "test": 10},
    }
    assert done.to_json()["warnings"]

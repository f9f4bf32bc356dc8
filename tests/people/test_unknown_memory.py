"""choices.json: what older versions wrote is read, damage is skipped, one person is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.people.unknown import Choice, ChoiceMemory
from engine.workspace.files import make_directory, write_json
from engine.workspace.folder import Workspace

FIRST, SECOND, THIRD = (f"20261124-0930{n:02d}-001" for n in range(3))
ADA = {"id": FIRST, "slug": "ada", "new": True, "stranger": False}


@pytest.fixture
def memory(workspace: Workspace) -> ChoiceMemory:
    return ChoiceMemory(workspace)


def body_of(workspace: Workspace) -> Any:
    return json.loads((workspace.unknown / "choices.json").read_text())


def test_choices_are_read_as_they_were_written(memory: ChoiceMemory) -> None:
    made = (
        Choice(FIRST, "ada", new=True),
        Choice(SECOND, apart=(("a-1", "a-2"), ("a-3",))),
        Choice(THIRD, "not-ada", new=True, stranger=True),
    )
    for choice in made:
        memory.add(choice)
    assert memory.all() == made
    memory.drop([SECOND])
    assert memory.all() == (made[0], made[2])


@pytest.mark.parametrize("body", [[ADA], {"version": 1, "choices": [ADA]}])
def test_files_of_older_versions_are_read_and_written_anew(
    workspace: Workspace, memory: ChoiceMemory, body: object
) -> None:
    write_json(workspace.unknown / "choices.json", body)
    memory.add(Choice(SECOND, apart=(("a-1",), ("a-2",))))
    assert memory.all()[0] == Choice(FIRST, "ada", new=True)
    assert body_of(workspace) == {
        "version": 1,
        "choices": [
            {"id": FIRST, "slug": "ada", "new": True},
            {"id": SECOND, "apart": [["a-1"], ["a-2"]]},
        ],
    }


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {"slug": "ada"},
        {"id": "../../x"},
        {"id": FIRST, "apart": None},
        {"id": FIRST, "apart": [["a-1"]]},
        {"id": FIRST, "apart": [["a-1"], []]},
        {"id": FIRST, "apart": [["a-1"], ["../x"]]},
    ],
)
def test_a_damaged_entry_is_left_out(
    workspace: Workspace, memory: ChoiceMemory, entry: object
) -> None:
    write_json(workspace.unknown / "choices.json", {"version": 1, "choices": [entry, ADA]})
    assert memory.all() == (Choice(FIRST, "ada", new=True),)


def test_one_person_is_forgotten_and_others_choices_stay(
    workspace: Workspace, memory: ChoiceMemory
) -> None:
    others = (
        Choice(FIRST, "bob", person="b0b"),
        Choice(SECOND, apart=(("a-1",), ("a-2",))),
        Choice(THIRD, "ada", new=True, person="another human in the same folder"),
        Choice("a-7", "not-ada-lovelace-2026", stranger=True, person="1ove1ace"),
    )
    mine = (
        Choice("a-8", "ada", person="ada"),
        Choice("a-9", "not-ada-2026", stranger=True, person="merged into ada"),
    )
    for choice in (*others, *mine):
        memory.add(choice)
        make_directory(workspace.trash / choice.id)
    assert memory.forget({"ada", "merged into ada"}) == 2
    assert memory.all() == others
    assert memory.forget({"ada", "merged into ada"}) == 0


def test_what_the_trash_has_no_more_is_forgotten_with_it(memory: ChoiceMemory) -> None:
    memory.add(Choice(FIRST, "bob"))
    assert memory.forget({"ada"}) == 1
    assert memory.all() == ()

"""Two people may not have names that look the same."""

# ruff: noqa: RUF001 -- look-alike letters are what this is about

from __future__ import annotations

import pytest

from engine.contract.errors import NameTaken
from engine.people.person import looks
from engine.people.registry import People
from engine.workspace.folder import Workspace

ALIKE = [
    ("Anna", "Аnna"),  # Cyrillic A
    ("Anna", "ΑΝΝΑ"),  # all Greek, in capitals
    ("Sacha", "Ѕасһа"),  # all Cyrillic
    ("Ian", "lan"),
    ("Al Gore", "AI Gore"),
    ("O'Brien", "O\u2019Brien"),
    ("Anna-Maria", "Anna\u2010Maria"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_the_same_are_not_enrolled_beside_each_other(
    workspace: Workspace, one: str, other: str
) -> None:
    people = People(workspace)
    people.add(one)
    with pytest.raises(NameTaken) as caught:
        people.add(other)
    assert caught.value.title
    with pytest.raises(NameTaken):
        people.rename(people.add("Somebody").name, other)
    assert [person.name for person in people.list()] == sorted([one, "Somebody"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ian", "Lan"), ("Jose", "José"), ("Kern", "Kem"), ("Анна", "Anna"), ("李明", "李民")],
)
def test_names_that_look_different_are_different(one: str, other: str) -> None:
    assert not looks(one) & looks(other)


def test_a_person_may_be_renamed_to_what_looks_like_their_own_name(workspace: Workspace) -> None:
    people = People(workspace)
    people.add("Аnna")
    assert people.rename("Аnna", "Anna").name == "Anna"

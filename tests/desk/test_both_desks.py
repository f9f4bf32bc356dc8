"""One contract, two desks: the real one and the one that tests of the interface use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.contract.desk import Desk
from engine.contract.errors import (
    DataError,
    NameInvalid,
    NameTaken,
    NoModel,
    NoPictures,
    NothingToUndo,
    PersonNotFound,
    UsageError,
)
from engine.contract.people import Answers
from engine.contract.requests import EnrolRequest, SplitRequest
from engine.desk.local import LocalDesk
from engine.people.registry import People
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.people.test_registry import capture
from tests.tui.fake_desk import FakeDesk
from tests.tui.samples import person

NAMES = ("Anna", "Bob", "Carl")
PICTURES = 8
METHODS = [
    name
    for name, value in vars(Desk).items()
    if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
]


def real(workspace: Workspace) -> LocalDesk:
    people = People(workspace)
    for name in NAMES:
        capture(people, people.add(name), PICTURES)
    return LocalDesk(workspace, Settings())


def fake(_workspace: Workspace) -> FakeDesk:
    return FakeDesk(tuple(person(name, PICTURES) for name in NAMES))


@pytest.fixture(params=[real, fake])
def desk(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Desk]:
    """A desk that was not started, with three people and no model."""
    made = request.param(workspace)
    yield made
    made.close()


def names(desk: Desk) -> list[str]:
    return [row.name for row in desk.people()]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [LocalDesk, FakeDesk])
def test_each_method_takes_what_the_contract_says(kind: type, name: str) -> None:
    asked = vars(Desk)[name]
    found: Any = inspect.getattr_static(kind, name, None)
    if isinstance(asked, property):
        assert isinstance(found, property) or hasattr(FakeDesk(), name)
    else:
        assert inspect.signature(found) == inspect.signature(asked)


def test_people_are_listed_by_name_with_their_pictures(desk: Desk) -> None:
    assert [(row.name, row.pictures) for row in desk.people()] == [(n, PICTURES) for n in NAMES]
    assert desk.person_facts("Anna").name == "Anna"


def test_a_person_is_renamed(desk: Desk) -> None:
    desk.rename("Bob", "Bertram")
    assert names(desk) == ["Anna", "Bertram", "Carl"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda desk: desk.rename("Nobody", "Eve"), PersonNotFound),
        (lambda desk: desk.rename("Anna", "Bob"), NameTaken),
        (lambda desk: desk.rename("Anna", "a/b"), NameInvalid),
        (lambda desk: desk.person_facts("Nobody"), PersonNotFound),
        (lambda desk: desk.delete_people(["Nobody"]), PersonNotFound),
        (lambda desk: desk.merge("Nobody", "Anna"), PersonNotFound),
        (lambda desk: desk.note_consent("Nobody", "Desk", "1"), PersonNotFound),
        (lambda desk: desk.note_consent("Anna", " ", "1"), DataError),
        (lambda desk: desk.withdraw_consent("Anna"), DataError),
        (lambda desk: desk.undo(), NothingToUndo),
        (lambda desk: desk.unknown_undo(), NothingToUndo),
        (lambda desk: desk.rollback(), NoModel),
        (lambda desk: desk.split(SplitRequest(train=0.9, validation=0.9, test=0.9)), UsageError),
        (lambda desk: desk.enrol(EnrolRequest(person="a/b", source="0", count=3)), NameInvalid),
    ],
)
def test_what_cannot_be_done_is_refused(
    desk: Desk, call: Callable[[Desk], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        call(desk)
    assert names(desk) == list(NAMES)
    assert not desk.running


def test_changes_are_undone_newest_first(desk: Desk) -> None:
    deleted = desk.delete_people(["Anna"])
    merged = desk.merge("Bob", "Carl")
    assert names(desk) == ["Carl"]
    assert [each.id for each in desk.trash()] == [merged.id, deleted.id]
    assert desk.undo().id == merged.id
    assert names(desk) == ["Bob", "Carl"]
    assert desk.undo().id == deleted.id
    assert names(desk) == list(NAMES)
    assert desk.trash() == ()


def test_consent_is_noted_and_taken_back(desk: Desk) -> None:
    desk.note_consent("Anna", "Desk one", "1")
    consent = desk.person_facts("Anna").consent
    assert consent is not None
    assert (consent.by, consent.text_version, consent.given) == ("Desk one", "1", True)
    desk.withdraw_consent("Anna")
    consent = desk.person_facts("Anna").consent
    assert consent is not None
    assert not consent.given


def test_an_erasure_names_the_person_and_who_did_it(desk: Desk) -> None:
    done = desk.erase("Anna", "Desk one", Answers(shared_stay=True))
    assert (done.name, done.receipt.by) == ("Anna", "Desk one")
    assert names(desk) == ["Bob", "Carl"]
    assert desk.trash() == ()


def test_a_split_counts_everybodys_pictures(desk: Desk) -> None:
    assert desk.current_split() is None
    made = desk.split(SplitRequest(train=0.5, validation=0.25, test=0.25, seed=3))
    assert desk.current_split() == made
    assert made.seed == 3
    assert {name: sum(parts.values()) for name, parts in made.people.items()} == dict.fromkeys(
        NAMES, PICTURES
    )


def test_without_people_there_is_nothing_to_split(desk: Desk) -> None:
    desk.delete_people(NAMES)
    with pytest.raises(NoPictures):
        desk.split(SplitRequest(train=0.5, validation=0.25, test=0.25))


def test_an_empty_workspace_has_no_models_and_keeps_nobody(desk: Desk) -> None:
    assert desk.models() == ()
    assert desk.last_evaluation("20261124-093000") is None
    assert desk.roster() == ()
    view = desk.unknown()
    assert (view.keeping, view.waiting, view.undo) == (False, 0, "")
    desk.unknown_switch(True)
    assert desk.unknown().keeping

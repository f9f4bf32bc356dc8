"""The unknown inbox on disk: off by default, bounded, purged by age, private."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.contract.errors import DataError
from engine.people.unknown import Inbox
from engine.settings import InboxSettings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted

NOON = datetime(2025, 11, 24, 12, tzinfo=UTC)
"""Long past: what bears a time to come is judged otherwise."""


@pytest.fixture
def inbox(workspace: Workspace) -> Inbox:
    return Inbox(workspace, InboxSettings(days=7, most=3))


def test_nothing_is_kept_until_it_is_switched_on(workspace: Workspace, inbox: Inbox) -> None:
    assert not inbox.keeping
    assert Inbox(workspace, InboxSettings(keep=True)).keeping
    inbox.switch(True)
    assert inbox.keeping
    inbox.switch(False)
    assert not Inbox(workspace, InboxSettings(keep=True)).keeping


def test_a_sighting_comes_back_as_it_was_put_in(inbox: Inbox) -> None:
    id = inbox.add(sighted(crops=2, candidate="Ada Lovelace"), NOON)
    (found,) = inbox.sightings()
    assert (found.id, found.at) == (id, "2025-11-24T12:00:00+00:00")
    assert (found.candidate, found.score, found.source) == ("Ada Lovelace", 0.1, "demo:hopper")
    assert [record.file for record in found.records] == ["0001.png", "0002.png"]
    assert (found.records[1].frame, found.records[1].box) == (1, (1, 2, 90, 90))
    assert inbox.get([id]) == (found,)


def test_files_and_folders_are_private(inbox: Inbox) -> None:
    folder = inbox.folder(inbox.add(sighted(), NOON))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_the_oldest_go_when_there_are_too_many(inbox: Inbox) -> None:
    ids = [inbox.add(sighted(), NOON + timedelta(minutes=n)) for n in range(5)]
    assert [each.id for each in inbox.sightings()] == ids[2:]


def test_two_of_one_second_are_two(inbox: Inbox) -> None:
    assert inbox.add(sighted(), NOON) != inbox.add(sighted(), NOON)
    assert inbox.count() == 2


def test_what_is_older_than_the_retention_time_goes_with_the_next_one(inbox: Inbox) -> None:
    inbox.add(sighted(), NOON)
    inbox.add(sighted(), NOON + timedelta(days=6))
    kept = inbox.add(sighted(), NOON + timedelta(days=7, seconds=1))
    assert [each.id for each in inbox.sightings()][-1] == kept
    assert inbox.count() == 2


def test_a_sighting_that_does_not_fit_itself_is_refused_and_leaves_nothing(inbox: Inbox) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        inbox.add(replace(sighted(), payload=b"short"), NOON)
    assert inbox.count() == 0


def test_a_damaged_sighting_is_left_out_and_not_found(inbox: Inbox) -> None:
    id = inbox.add(sighted(), NOON)
    (inbox.folder(id) / "sighting.json").write_text('{"at": 3}')
    assert inbox.sightings() == ()
    with pytest.raises(DataError):
        inbox.get([id])


@pytest.mark.parametrize("id", ["../people", "", "nobody", ".tmp-x"])
def test_an_id_that_is_none_is_refused(inbox: Inbox, id: str) -> None:
    with pytest.raises(DataError):
        inbox.get([id])


def test_a_sighting_that_cannot_be_read_is_told_and_does_not_hide_the_others(
    workspace: Workspace, powerless: None
) -> None:
    inbox = Inbox(workspace, InboxSettings())
    damaged, denied, whole = (inbox.add(sighted([1.0, 0.0], colour=40 * n)) for n in range(3))
    (inbox.folder(damaged) / "sighting.json").write_bytes(b"")
    inbox.folder(denied).chmod(0)
    assert [each.id for each in inbox.sightings()] == [whole]
    told = "; ".join(map(str, inbox.unread()))
    inbox.folder(denied).chmod(0o700)
    assert f"{damaged}/sighting.json is not valid JSON" in told
    assert f"unknown/{denied} has mode 0000" in told


def test_nothing_is_kept_where_this_user_may_not_read_the_switch(
    workspace: Workspace, powerless: None
) -> None:
    inbox = Inbox(workspace, InboxSettings(keep=True))
    inbox.switch(on=False)
    (workspace.unknown / "inbox.json").chmod(0)
    assert not inbox.keeping

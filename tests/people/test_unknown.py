"""The unknown list on disk: off by default, bounded, purged by age, private."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.contract.errors import DataError
from engine.people.unknown import UnknownStore
from engine.settings import UnknownSettings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted

NOON = datetime(2025, 11, 24, 12, tzinfo=UTC)
"""Long past: what bears a time to come is judged otherwise."""


@pytest.fixture
def unknown(workspace: Workspace) -> UnknownStore:
    return UnknownStore(workspace, UnknownSettings(days=7, most=3))


def test_nothing_is_kept_until_it_is_switched_on(
    workspace: Workspace, unknown: UnknownStore
) -> None:
    assert not unknown.keeping
    assert UnknownStore(workspace, UnknownSettings(keep=True)).keeping
    unknown.switch(True)
    assert unknown.keeping
    unknown.switch(False)
    assert not UnknownStore(workspace, UnknownSettings(keep=True)).keeping


def test_a_sighting_comes_back_as_it_was_put_in(unknown: UnknownStore) -> None:
    id = unknown.add(sighted(crops=2, candidate="Ada Lovelace"), NOON)
    (found,) = unknown.sightings()
    assert (found.id, found.at) == (id, "2025-11-24T12:00:00+00:00")
    assert (found.candidate, found.score, found.source) == ("Ada Lovelace", 0.1, "demo:hopper")
    assert [record.file for record in found.records] == ["0001.png", "0002.png"]
    assert (found.records[1].frame, found.records[1].box) == (1, (1, 2, 90, 90))
    assert unknown.get([id]) == (found,)


def test_files_and_folders_are_private(unknown: UnknownStore) -> None:
    folder = unknown.folder(unknown.add(sighted(), NOON))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_the_oldest_go_when_there_are_too_many(unknown: UnknownStore) -> None:
    ids = [unknown.add(sighted(), NOON + timedelta(minutes=n)) for n in range(5)]
    assert [each.id for each in unknown.sightings()] == ids[2:]


def test_two_of_one_second_are_two(unknown: UnknownStore) -> None:
    assert unknown.add(sighted(), NOON) != unknown.add(sighted(), NOON)
    assert unknown.count() == 2


def test_what_is_older_than_the_retention_time_goes_with_the_next_one(
    unknown: UnknownStore,
) -> None:
    unknown.add(sighted(), NOON)
    unknown.add(sighted(), NOON + timedelta(days=6))
    kept = unknown.add(sighted(), NOON + timedelta(days=7, seconds=1))
    assert [each.id for each in unknown.sightings()][-1] == kept
    assert unknown.count() == 2


def test_a_sighting_that_does_not_fit_itself_is_refused_and_leaves_nothing(
    unknown: UnknownStore,
) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        unknown.add(replace(sighted(), payload=b"short"), NOON)
    assert unknown.count() == 0


def test_a_damaged_sighting_is_left_out_and_not_found(unknown: UnknownStore) -> None:
    id = unknown.add(sighted(), NOON)
    (unknown.folder(id) / "sighting.json").write_text('{"at": 3}')
    assert unknown.sightings() == ()
    with pytest.raises(DataError):
        unknown.get([id])


@pytest.mark.parametrize("name", ["score", "threshold"])
def test_a_sighting_whose_score_is_no_number_is_damaged(unknown: UnknownStore, name: str) -> None:
    file = unknown.folder(unknown.add(sighted(), NOON)) / "sighting.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), name: "nan"}))
    assert unknown.sightings() == ()
    assert len(unknown.unread()) == 1


@pytest.mark.parametrize("id", ["../people", "", "nobody", ".tmp-x"])
def test_an_id_that_is_none_is_refused(unknown: UnknownStore, id: str) -> None:
    with pytest.raises(DataError):
        unknown.get([id])


def test_a_sighting_that_cannot_be_read_is_told_and_does_not_hide_the_others(
    workspace: Workspace, powerless: None
) -> None:
    unknown = UnknownStore(workspace, UnknownSettings())
    damaged, denied, whole = (unknown.add(sighted([1.0, 0.0], colour=40 * n)) for n in range(3))
    (unknown.folder(damaged) / "sighting.json").write_bytes(b"")
    unknown.folder(denied).chmod(0)
    assert [each.id for each in unknown.sightings()] == [whole]
    told = "; ".join(map(str, unknown.unread()))
    unknown.folder(denied).chmod(0o700)
    assert f"{damaged}/sighting.json is not valid JSON" in told
    assert f"unknown/{denied} has mode 0000" in told


def test_nothing_is_kept_where_this_user_may_not_read_the_switch(
    workspace: Workspace, powerless: None
) -> None:
    unknown = UnknownStore(workspace, UnknownSettings(keep=True))
    unknown.switch(on=False)
    (workspace.unknown / "inbox.json").chmod(0)
    assert not unknown.keeping

"""What is due to go: a dry run tells exactly what a purge removes, and people never go."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.contract import FaceSeen
from engine.contract.errors import WorkspaceLocked
from engine.desk.library import person_rows
from engine.model.store import ModelStore
from engine.people import changes
from engine.people.clock import Clock, last_seen, note_seen
from engine.people.registry import People
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.rights.upkeep import AGAIN, SeenWriter, due, purge, unseen
from engine.settings import RetentionSettings, Settings
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace
from engine.workspace.identity import moment_of
from tests.model.test_store import draft
from tests.people.test_registry import capture
from tests.people.unknowns import sighted

SETTINGS = Settings(retention=RetentionSettings(models=2, recording_days=10, people_days=90))
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=40)


@pytest.mark.parametrize(
    ("moment", "old"),
    [
        ("20260101-120000-001", True),
        ("20260105-120001-001", False),
        ("2026-01-01T12:00:00+00:00", True),
        ("2026-01-01", True),
        ("2026-02-01T12:00:00+00:00", False),
        ("20990101-120000-001", False),
        ("", False),
        ("no time at all", False),
        (None, False),
    ],
)
def test_the_one_rule_of_age(moment: str | None, old: bool) -> None:
    now = datetime(2026, 1, 8, 12, tzinfo=UTC)
    assert Clock(now).is_due(moment, 3) is old


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment_of("2026-01-01T12:00:00") == datetime(2026, 1, 1, 12, tzinfo=UTC)


def aged(path: Path, days: float) -> Path:
    when = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (when, when))
    return path


@pytest.fixture
def full(workspace: Workspace) -> Workspace:
    """Something of each kind, some of it due in 40 days."""
    people = People(workspace)
    for name in ("Anna", "Bob"):
        capture(people, people.add(name), 3)
    changes.delete_people(workspace, ["Bob"], 30)
    unknown = UnknownStore(workspace, SETTINGS.unknown)
    unknown.add(sighted(candidate="Anna"))
    Choices(workspace, SETTINGS.unknown).stranger([unknown.add(sighted())])
    store = ModelStore(workspace)
    for _ in range(5):
        store.promote(store.save(draft()).id)
    write_bytes(workspace.evaluations / "20200101T000000000Z-head-0000.json", b"{}")
    write_bytes(workspace.evaluations / f"{store.current_id()}.json", b"{}")
    for days, name in ((100, "old.log.1"), (1, "new.log")):
        (workspace.logs / name).write_text("line\n")
        aged(workspace.logs / name, days)
    for days, name in ((100, "old.fdrec"), (0, "new.fdrec.part")):
        (workspace.root / name).mkdir()
        aged(workspace.root / name, days)
    return workspace


def below(workspace: Workspace) -> set[str]:
    return {str(path.relative_to(workspace.root)) for path in workspace.root.rglob("*")}


def test_a_dry_run_tells_exactly_what_a_purge_removes(full: Workspace) -> None:
    before = below(full)
    found = due(full, SETTINGS, LATER)
    assert below(full) == before
    purge(full, SETTINGS, LATER)
    gone = before - below(full)
    told = {each.path for each in found}
    assert told <= gone
    assert all(any(path == t or path.startswith(f"{t}/") for t in told) for path in gone)


def test_each_kind_goes_by_its_own_age(full: Workspace) -> None:
    counts = purge(full, SETTINGS, LATER)
    counts_by_hand = {"choice": 1, "trash": 1, "unknown": 1, "model": 3, "evaluation": 1}
    assert counts == {**counts_by_hand, "recording": 2, "log": 2}
    assert [person.name for person in People(full).list()] == ["Anna"]
    assert ModelStore(full).load().info.current


def test_what_is_young_stays(full: Workspace) -> None:
    assert {each.kind for each in due(full, SETTINGS, NOW)} == {
        "model", "evaluation", "recording", "log",
    }  # fmt: skip


def test_the_model_in_use_and_the_one_before_it_stay(full: Workspace) -> None:
    store = ModelStore(full)
    oldest = store.list()[-1].id
    store.promote(oldest)
    purge(full, Settings(retention=RetentionSettings(models=1)), NOW)
    assert oldest in {info.id for info in store.list()}
    assert store.current_id() == oldest


def test_a_clock_set_back_removes_nothing(full: Workspace) -> None:
    kinds = {each.kind for each in due(full, SETTINGS, NOW - timedelta(days=4000))}
    assert kinds == {"model", "evaluation"}  # these go by their number, not by age


# --- people --------------------------------------------------------------------------------------


def face(person: str | None, track: int = 1) -> FaceSeen:
    return FaceSeen(
        source="camera", frame=1, seconds=0.1, box=(1, 2, 3, 4), track=track,
        candidate=person or "x", score=0.5, threshold=0.2, runner_up=None, runner_up_score=0.0,
        person=person, decision="known" if person else "unknown", votes=3, of=3, stale=False,
        milliseconds=1.0,
    )  # fmt: skip


def test_people_not_seen_for_long_are_listed_and_stay(workspace: Workspace) -> None:
    people = People(workspace)
    for name in ("Anna", "Bob"):
        capture(people, people.add(name), 3)
    later = NOW + timedelta(days=100)
    note_seen(workspace, "anna", later - timedelta(days=5))
    assert [each.name for each in unseen(workspace, SETTINGS, later)] == ["Bob"]
    purge(workspace, SETTINGS, later)
    assert len(people.list()) == 2


def test_nobody_is_listed_where_it_is_switched_off(workspace: Workspace) -> None:
    People(workspace).add("Anna")
    assert unseen(workspace, Settings(), NOW + timedelta(days=3000)) == ()


def test_the_people_list_tells_since_when_somebody_was_not_seen(workspace: Workspace) -> None:
    people = People(workspace)
    person = people.add("Anna")
    body = workspace.people / person.slug / "person.json"
    body.write_text(body.read_text().replace(person.created, "2020-01-01T00:00:00+00:00"))
    (row,) = person_rows(workspace, SETTINGS)
    assert row.unseen == "2020-01-01"
    assert row.consent == "none"


def test_the_last_day_is_a_day_and_written_once(workspace: Workspace) -> None:
    People(workspace).add("Anna")
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert note_seen(workspace, "anna", noon)
    assert not note_seen(workspace, "anna", noon + timedelta(hours=5))
    assert not note_seen(workspace, "anna", noon - timedelta(days=5))
    assert last_seen(workspace, "anna") == "2026-05-04"
    assert b"12:" not in (workspace.people / "anna" / "seen.json").read_bytes()


def test_somebody_deleted_meanwhile_does_not_come_back(workspace: Workspace) -> None:
    assert not note_seen(workspace, "anna")
    assert not (workspace.people / "anna").exists()


def test_only_a_named_face_of_a_track_is_noted(workspace: Workspace) -> None:
    anna = People(workspace).add("Anna").id
    notes = SeenWriter(workspace, lambda: workspace.writer("test"))
    seen = replace(face("Anna"), candidate_id=anna)
    for event in (face(None), replace(seen, track=0), replace(seen, person=None)):
        notes.hear(event)
    notes.hear(replace(seen, candidate_id="f" * 16))  # another human of the name, gone since
    notes.close(10)
    assert last_seen(workspace, "anna") == ""
    notes.hear(seen)
    notes.close(10)
    assert last_seen(workspace, "anna") == f"{datetime.now(UTC):%Y-%m-%d}"


def test_while_another_process_writes_it_is_tried_again_later(workspace: Workspace) -> None:
    seen = replace(face("Anna"), candidate_id=People(workspace).add("Anna").id)
    clock = [0.0]
    tries = 0

    def hold():
        nonlocal tries
        tries += 1
        if tries == 1:
            raise WorkspaceLocked("in use")
        return workspace.writer("test")

    notes = SeenWriter(workspace, hold, lambda: clock[0])
    for _ in range(3):
        notes.hear(seen)
        notes.close(10)
    assert (tries, last_seen(workspace, "anna")) == (1, "")
    clock[0] = AGAIN + 1
    notes.hear(seen)
    notes.close(10)
    assert last_seen(workspace, "anna")

"""People through the real desk, without its processes: changes, facts and kept evaluations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.contract import EvaluateDone
from engine.contract.errors import DataError, NothingToUndo
from engine.contract.people import Answers, Consent
from engine.desk import library
from engine.desk.library import load_evaluation, save_evaluation
from engine.desk.local import LocalDesk
from engine.model.record import ModelDraft, encode
from engine.model.store import ModelStore
from engine.people.registry import People
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.people.test_registry import capture

MODEL = "20261124-093000"


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[LocalDesk]:
    """A desk that was not started, with Anna (two sessions) and Bob."""
    people = People(workspace)
    for name, sessions in (("Anna", 2), ("Bob", 1)):
        person = people.add(name)
        for _ in range(sessions):
            capture(people, person, 4)
    made = LocalDesk(workspace, Settings())
    yield made
    made.close()


def done(**fields: object) -> EvaluateDone:
    made = EvaluateDone(
        model=MODEL,
        recipe="head",
        people=("Anna", "Bob"),
        probes=8,
        missed=0,
        strangers=0,
        stranger_people=0,
        strangers_from="none",
        fpir=0.01,
        threshold=0.2,
        rank1=0.75,
        tpir={"0.01": math.nan},
        fpir_at_threshold=math.nan,
        tpir_at_threshold=0.5,
        intervals={"rank1": (0.3, 0.9)},
        per_person={"Anna": (4, 3, 2), "Bob": (4, 3, 2)},
        per_session={},
        confusion=((2, 1, 1), (0, 4, 0)),
        det=((0.1, 0.2, 0.3),),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def in_use(monkeypatch: pytest.MonkeyPatch, desk: LocalDesk) -> None:
    """A model of that name is in use, trained on everybody as they are."""
    from types import SimpleNamespace

    people = tuple((row.slug, row.name, "") for row in desk.people())
    info = SimpleNamespace(id=MODEL, people=people, current=True)
    monkeypatch.setattr("engine.model.store.ModelStore.current", lambda store: info)


def test_a_deletion_is_undone_by_the_desk(desk: LocalDesk) -> None:
    deleted = desk.delete_people(["Anna", "Bob"])
    assert desk.people() == ()
    assert desk.trash() == (deleted,)
    assert desk.undo() == deleted
    assert [row.name for row in desk.people()] == ["Anna", "Bob"]
    with pytest.raises(NothingToUndo):
        desk.undo()


def test_rows_tell_the_newest_session(desk: LocalDesk) -> None:
    desk.delete_pictures("Bob", [s.id for s in desk.person_facts("Bob").sessions])
    anna, bob = desk.people()
    assert anna.newest.startswith("20")
    assert bob.newest == ""


def test_pictures_are_moved_and_people_merged(desk: LocalDesk) -> None:
    session = desk.person_facts("Anna").sessions[0]
    desk.move_pictures("Anna", [f"{session.id}/0001.png"], "Bob")
    assert [row.pictures for row in desk.people()] == [7, 5]
    desk.merge("Bob", "Anna")
    assert [row.pictures for row in desk.people()] == [12]
    assert len(desk.trash()) == 2


def test_facts_tell_the_quality_of_sessions_and_pictures(desk: LocalDesk) -> None:
    facts = desk.person_facts("anna")
    assert (facts.pictures, len(facts.sessions), facts.in_model) == (8, 2, "no")
    session = facts.sessions[0]
    assert (session.brightness, session.sharpness, session.eyes) == (120.0, 80.0, 1.0)
    assert session.pictures[0].file == "0001.png"
    assert facts.consent is None
    assert facts.confusion is None


def test_pictures_without_details_have_none(desk: LocalDesk, workspace: Workspace) -> None:
    for path in workspace.people.rglob("pictures.jsonl"):
        path.unlink()
    session = desk.person_facts("Anna").sessions[0]
    assert len(session.pictures) == 4
    assert all(map(math.isnan, (session.brightness, session.sharpness, session.eyes)))


def test_consent_is_noted_with_time_and_version_and_withdrawn(desk: LocalDesk) -> None:
    with pytest.raises(DataError):
        desk.withdraw_consent("Anna")
    with pytest.raises(DataError):
        desk.note_consent("Anna", " ", "1")
    desk.note_consent("Anna", "Desk one", "2")
    noted = desk.person_facts("Anna").consent
    assert isinstance(noted, Consent)
    assert (noted.by, noted.text_version, noted.given) == ("Desk one", "2", True)
    assert noted.at.endswith("+00:00")
    desk.withdraw_consent("Anna")
    after = desk.person_facts("Anna").consent
    assert after is not None
    assert not after.given
    assert after.at == noted.at


def test_facts_tell_who_a_person_is_taken_for(
    desk: LocalDesk, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert save_evaluation(workspace, done())
    desk.rename("Bob", "Robert")
    in_use(monkeypatch, desk)
    confusion = desk.person_facts("Anna").confusion
    assert confusion is not None
    assert (confusion.probes, confusion.named, confusion.nobody) == (4, 2, 1)
    assert confusion.others == (("Robert", 1),)
    bob = desk.person_facts("Robert").confusion
    assert bob is not None
    assert bob.others == ()


def test_an_evaluation_is_kept_whole(desk: LocalDesk, workspace: Workspace) -> None:
    save_evaluation(workspace, done(rank1=0.5))
    save_evaluation(workspace, done(tpir={"0.01": 0.5}, fpir_at_threshold=0.0))
    assert desk.last_evaluation(MODEL) == done(tpir={"0.01": 0.5}, fpir_at_threshold=0.0)
    assert desk.last_evaluation("another") is None


def test_only_the_newest_evaluations_stay(desk: LocalDesk, workspace: Workspace) -> None:
    for number in range(library.KEPT_EVALUATIONS + 3):
        save_evaluation(workspace, done(model=f"m{number}"))
    assert len(list(workspace.evaluations.iterdir())) == library.KEPT_EVALUATIONS
    assert desk.last_evaluation("m0") is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"slugs": []}', b'{"type":"End","slugs":[]}'])
def test_a_damaged_evaluation_counts_as_none(
    desk: LocalDesk, workspace: Workspace, data: bytes
) -> None:
    save_evaluation(workspace, done())
    (workspace.evaluations / f"{MODEL}.json").write_bytes(data)
    assert desk.last_evaluation(MODEL) is None


def test_an_evaluation_that_is_too_large_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LARGEST_EVALUATION", 100)
    assert not save_evaluation(workspace, done())
    assert list(workspace.evaluations.iterdir()) == []


def test_the_desk_keeps_the_evaluation_that_a_job_reports(
    desk: LocalDesk, workspace: Workspace
) -> None:
    heard: list[object] = []
    desk._listener = heard.append
    desk._received(SimpleNamespace(name="model"), done())  # type: ignore[arg-type]
    assert len(heard) == 1
    assert load_evaluation(workspace, MODEL) is not None


def test_what_expired_is_purged(desk: LocalDesk, workspace: Workspace) -> None:
    desk.delete_people(["Anna"])
    assert desk.purge() == {}
    (entry,) = workspace.trash.iterdir()
    entry.rename(workspace.trash / "20200101-000000-001")
    assert desk.purge() == {"trash": 1}
    assert desk.trash() == ()


def test_an_absent_workspace_has_no_trash(tmp_path: Path) -> None:
    desk = LocalDesk(Workspace(tmp_path / "absent"), Settings())
    assert desk.trash() == ()
    assert desk.purge() == {}
    assert not (tmp_path / "absent").exists()


def test_the_desk_erases_and_gives_the_receipt(desk: LocalDesk, workspace: Workspace) -> None:
    done = desk.erase("Anna", "Desk one", Answers(shared_stay=True))
    assert (done.name, done.receipt.by, done.left) == ("Anna", "Desk one", ())
    assert [row.name for row in desk.people()] == ["Bob"]
    assert desk.trash() == ()
    assert Path(done.file).parent == workspace.receipts


def test_nobody_is_erased_while_a_job_may_still_write_of_them(
    desk: LocalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalDesk, "running", frozenset({"train"}))
    with pytest.raises(DataError, match="train may still write"):
        desk.erase("Anna")
    assert [row.name for row in desk.people()] == ["Anna", "Bob"]


def test_an_erasure_that_was_cut_short_is_finished_by_the_next_writer(
    desk: LocalDesk, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.rights.erase.search", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.erase("Anna", answers=Answers(shared_stay=True))
    assert list(workspace.erasing.iterdir())
    desk.purge()
    assert list(workspace.erasing.iterdir()) == []
    assert len(list(workspace.receipts.iterdir())) == 2


def test_the_desk_writes_all_that_is_held(desk: LocalDesk, tmp_path: Path) -> None:
    done = desk.export_person("Anna", str(tmp_path / "anna.zip"))
    assert (done.pictures, Path(done.file).name) == (8, "anna.zip")


def test_noted_consent_holds_the_words_of_the_present_text(desk: LocalDesk) -> None:
    desk.note_consent("Anna", "Desk one", "1")
    consent = desk.person_facts("Anna").consent
    assert consent is not None
    assert consent.text == desk.settings.consent.text
    desk.note_consent("Anna", "Desk one", "of 2020")
    consent = desk.person_facts("Anna").consent
    assert consent is not None
    assert (consent.text, consent.text_version) == ("", "of 2020")
    assert [row.consent for row in desk.people()] == ["outdated", "none"]


def test_a_row_says_how_many_pictures_the_model_in_use_does_not_know(
    desk: LocalDesk, workspace: Workspace
) -> None:
    assert [row.untrained for row in desk.people()] == [8, 4]
    people = People(workspace)
    anna, bob = people.list()
    known = {
        each.id: {session.id: encode(session.pictures) for session in each.sessions}
        for each in (anna, bob)
    }
    draft = ModelDraft(
        recipe="head",
        people=[(each.id, each.name, each.revision) for each in (anna, bob)],
        centres=np.eye(2, 64, dtype=np.float32),
        details={"enrolled_on": known},
    )
    store = ModelStore(workspace)
    store.promote(store.save(draft).id)
    capture(people, anna, 3)
    assert [(row.in_model, row.untrained) for row in desk.people()] == [("stale", 3), ("yes", 0)]

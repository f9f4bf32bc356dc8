"""Erasing one person takes nothing from anybody else, and leaves nothing of them that is ours."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from engine.bench.material import crops_of
from engine.contract.errors import DataError, WorkspaceUnusable
from engine.contract.people import Answers, Erased, ErasureUnanswered, Holder
from engine.model.backbones import Backbone
from engine.model.store import ModelStore
from engine.people import changes
from engine.people.person import Person
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.pictures import encode_png
from engine.rights.erase import erase, resume, unfinished
from engine.rights.stores import export_person
from engine.rights.take_in import import_person
from engine.settings import ConsentSettings, Settings
from engine.workspace.folder import Workspace
from tests.attack.humans import trained
from tests.people.unknowns import sighted
from tui.cli import main

ANN, BOB = "Ann Sour", "Bob Ray"
STAY = Answers(shared_stay=True)
COUNT = 12


def enrol(workspace: Workspace, name: str, number: int, count: int = COUNT) -> Person:
    """Enrol pictures of made-up person `number`: the same number gives the same bytes."""
    people = People(workspace)
    person = people.add(name)
    folder = people.session_directory(person.slug, people.new_session(person, "folder", "points"))
    for file, crop in enumerate(crops_of(number, count), 1):
        (folder / f"{file:04d}.png").write_bytes(encode_png(crop))
    return people.get(name)


def everything(workspace: Workspace) -> dict[str, bytes]:
    """Every file below the workspace but for locks and logs."""
    return {
        str(file.relative_to(workspace.root)): file.read_bytes()
        for file in sorted(workspace.root.rglob("*"))
        if file.is_file() and not file.name.endswith(".lock")
    }


def asked(workspace: Workspace, name: str, answers: Answers = Answers()) -> ErasureUnanswered:  # noqa: B008
    """The question that the erasure stops at, having touched nothing."""
    before = everything(workspace)
    with pytest.raises(ErasureUnanswered) as stopped:
        erase(workspace, name, answers=answers)
    assert everything(workspace) == before
    assert not unfinished(workspace)
    return stopped.value


def never_clean(done: Erased) -> bool:
    """Whether the receipt says nowhere that nothing was found."""
    texts = (done.receipt.statement, Path(done.file).read_text())
    return not any("found no" in text for text in texts)


# --- others hold the very same bytes -------------------------------------------------------------


def test_the_same_folder_under_two_names_is_told_and_the_other_keeps_all(
    workspace: Workspace, backbone: Backbone
) -> None:
    enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 1)
    trained(workspace, backbone)
    question = asked(workspace, ANN)
    assert question.doubts.shared == (Holder("person", BOB, COUNT),)
    assert BOB in question.message
    before = {k: v for k, v in everything(workspace).items() if k.startswith("people/bob-ray/")}
    done = erase(workspace, ANN, answers=STAY)
    after = everything(workspace)
    assert {k: v for k, v in after.items() if k.startswith("people/")} == before
    assert People(workspace).get(BOB).pictures == COUNT
    assert [label[1] for label in ModelStore(workspace).load().labels] == [BOB]
    assert done.left == ()
    assert done.receipt.searched["shared"] >= COUNT
    assert "somebody else's too" in done.receipt.statement
    assert "not Facedesk's own" not in done.receipt.statement
    assert never_clean(done)


def test_what_only_the_erased_person_held_goes_all_the_same(workspace: Workspace) -> None:
    enrol(workspace, ANN, 1, COUNT + 3)
    enrol(workspace, BOB, 1, COUNT)
    sheets = workspace.root / "sheets"
    sheets.mkdir()
    for file in (workspace.people / "ann-sour").rglob("*.png"):
        shutil.copy(file, sheets)
    done = erase(workspace, ANN, answers=STAY)
    assert done.receipt.removed["copies of pictures"] == 3
    # Copies of what both held may be Bob's: they are told, and not touched.
    assert len(list(sheets.iterdir())) == len(done.left) == COUNT


def test_a_stranger_of_your_own_keeps_the_same_pictures(workspace: Workspace) -> None:
    enrol(workspace, ANN, 1)
    enrol(StrangerArea(workspace), "Courier", 1)
    assert asked(workspace, ANN).doubts.shared == (Holder("stranger", "Courier", COUNT),)
    erase(workspace, ANN, answers=STAY)
    assert People(StrangerArea(workspace)).get("Courier").pictures == COUNT


@pytest.mark.parametrize("whole", [True, False])
def test_somebody_elses_trash_keeps_the_same_pictures(workspace: Workspace, whole: bool) -> None:
    enrol(workspace, ANN, 1)
    bob = enrol(workspace, BOB, 1)
    (session,) = bob.sessions
    if whole:
        changes.delete_people(workspace, [BOB], 30)
    else:
        changes.delete_pictures(workspace, BOB, [f"{session.id}/0001.png"], 30)
    held = [(each.kind, each.pictures) for each in asked(workspace, ANN).doubts.shared]
    assert held == ([("trash", COUNT)] if whole else [("person", COUNT - 1), ("trash", 1)])
    erase(workspace, ANN, answers=STAY)
    changes.undo(workspace)
    assert People(workspace).get(BOB).pictures == COUNT


def test_of_both_in_one_deletion_the_other_comes_back_whole(workspace: Workspace) -> None:
    enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 1)
    changes.delete_people(workspace, [ANN, BOB], 30)
    assert [each.pictures for each in asked(workspace, ANN).doubts.shared] == [COUNT]
    erase(workspace, ANN, answers=STAY)
    changes.undo(workspace)
    assert [person.name for person in People(workspace).list()] == [BOB]
    assert People(workspace).get(BOB).pictures == COUNT


@pytest.mark.parametrize("answer", ["keep", "remove"])
def test_an_unknown_with_the_same_bytes_is_asked_about(workspace: Workspace, answer: str) -> None:
    enrol(workspace, ANN, 1)
    unknown = UnknownStore(workspace, Settings().unknown)
    id = unknown.add(sighted(candidate="", crops=1))
    picture = next((workspace.people / "ann-sour").rglob("*.png"))
    shutil.copy(picture, unknown.folder(id) / "0001.png")
    (unsure,) = asked(workspace, ANN, STAY).doubts.unsure
    assert (unsure.place, unsure.why) == (f"unknown/{id}", "same")
    done = erase(workspace, ANN, answers=Answers(unsure=answer))  # type: ignore[arg-type]
    assert unknown.count() == (1 if answer == "keep" else 0)
    assert never_clean(done) == (answer == "keep")
    assert done.left == ()
    assert done.receipt.searched["shared"] == done.receipt.searched["unsure"] == unknown.count()


def test_yes_does_not_answer_it_and_a_flag_of_its_own_does(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 1)
    before = everything(workspace)
    command = ["people", "erase", ANN, "--yes", "--json", "--workspace", str(workspace.root)]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 4
    told = "".join(capfd.readouterr())
    assert BOB in told
    assert "--shared-stay" in told
    people = {k: v for k, v in everything(workspace).items() if k.startswith("people/")}
    assert people == {k: v for k, v in before.items() if k.startswith("people/")}
    main([*command, "--shared-stay"])
    (line,) = (json.loads(each) for each in capfd.readouterr().out.splitlines())
    assert (line["name"], line["searched"]["shared"]) == (ANN, COUNT)
    assert [person.name for person in People(workspace).list()] == [BOB]


def cut_short(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, **how: Any) -> None:
    """An erasure of Ann that ends before her folder goes."""

    def killed(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.people.registry.People.delete_slug", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(workspace, ANN, **how)


def test_an_erasure_cut_short_goes_on_as_it_was_answered(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 1)
    cut_short(workspace, monkeypatch, answers=STAY)
    (again,) = resume(workspace)
    assert again.receipt.resumed
    assert [person.name for person in People(workspace).list()] == [BOB]
    assert People(workspace).get(BOB).pictures == COUNT


@pytest.fixture
def marker(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of an erasure of Ann that was cut short."""
    enrol(workspace, ANN, 1)
    cut_short(workspace, monkeypatch)
    (file,) = workspace.erasing.glob("*.json")
    return file


def test_a_marker_with_a_number_without_end_is_damaged(workspace: Workspace, marker: Path) -> None:
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "unsure": float("inf")}))
    with pytest.raises(DataError, match="unfinished erasure is damaged"):
        resume(workspace)


def test_a_marker_that_cannot_be_read_is_not_called_damaged(
    workspace: Workspace, marker: Path
) -> None:
    """It may be whole: nobody is told to remove it."""
    there = marker.rename(workspace.root / "elsewhere.json")
    marker.symlink_to(there)
    with pytest.raises(WorkspaceUnusable, match="A link is not followed"):
        resume(workspace)


# --- nothing that is ours and theirs stays -------------------------------------------------------


def test_a_picture_that_was_deleted_by_itself_is_known_in_the_trash(workspace: Workspace) -> None:
    ann = enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 2)
    (session,) = ann.sessions
    shutil.copy(workspace.people / ann.slug / session.id / "0001.png", workspace.root / "x.png")
    changes.delete_pictures(workspace, ANN, [f"{session.id}/0001.png"], 30)
    done = erase(workspace, ANN)
    assert done.receipt.removed["pictures in the trash"] == 1
    assert done.receipt.removed["copies of pictures"] == 1
    assert not (workspace.root / "x.png").exists()
    assert Trash(workspace).changes() == ()


def test_our_archive_of_the_person_goes_and_all_others_stay(
    workspace: Workspace, tmp_path: Path
) -> None:
    ann = enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 2)
    folder = workspace.root / "archives"
    folder.mkdir()
    export_person(workspace, ANN, folder / "a.zip")
    export_person(workspace, BOB, folder / "bob.zip")
    shutil.copy(folder / "a.zip", folder / "renamed.bin")
    shutil.copy(folder / "a.zip", folder / "touched.zip")
    with zipfile.ZipFile(folder / "touched.zip", "a") as archive:
        archive.writestr("note.txt", "the operator's own word")
    # Somebody else of that name, enrolled elsewhere.
    other = Workspace(tmp_path / "other")
    other.prepare()
    enrol(other, ANN, 3)
    export_person(other, ANN, folder / "namesake.zip")
    done = erase(workspace, ANN)
    assert done.receipt.removed["archives"] == 2
    left = {"archives/namesake.zip", "archives/touched.zip"}
    assert set(done.left) == left
    assert {f"archives/{file.name}" for file in folder.iterdir()} == left | {"archives/bob.zip"}
    assert ann.name not in done.receipt.statement
    again = Workspace(tmp_path / "again")
    again.prepare()
    assert import_person(again, folder / "bob.zip", ConsentSettings()).pictures == COUNT


def test_empty_folders_that_bear_the_name_go_and_others_stay(workspace: Workspace) -> None:
    enrol(workspace, ANN, 1)
    export = workspace.root / "export"
    for part in ("train", "test"):
        (export / part / ANN).mkdir(parents=True)
        (export / part / BOB).mkdir()
    (export / "validation" / ANN / "2026").mkdir(parents=True)
    (export / "empty").mkdir()
    for file in (workspace.people / "ann-sour").rglob("*.png"):
        shutil.copy(file, export / "train" / ANN)
    (export / "test" / ANN / "mine.txt").write_text("of the operator")
    done = erase(workspace, ANN)
    assert done.receipt.removed["empty folders"] == 3
    stay = {str(folder.relative_to(export)) for folder in export.rglob("*") if folder.is_dir()}
    assert stay == {"train", "test", "validation", "empty", f"train/{BOB}", f"test/{BOB}",
                    f"test/{ANN}"}  # fmt: skip
    assert done.left == (f"export/test/{ANN}/mine.txt",)


def test_a_folder_of_ours_that_is_called_like_the_person_stays(workspace: Workspace) -> None:
    enrol(workspace, "models", 1)
    erase(workspace, "models")
    assert workspace.models.is_dir()


def test_files_of_ours_that_hold_something_are_not_called_others(
    workspace: Workspace, backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(workspace, ANN, 1)
    enrol(workspace, BOB, 2)
    trained(workspace, backbone)
    monkeypatch.setattr("engine.people.traces.remove", lambda *arguments: None)
    done = erase(workspace, ANN)
    assert done.receipt.searched["ours"] == len(done.left) > 0
    assert {place.split("/")[0] for place in done.left} == {"features", "split.json"}
    assert "although they are Facedesk's own" in done.receipt.statement
    assert "not Facedesk's own" not in done.receipt.statement
    assert never_clean(done)


def test_a_choice_about_strangers_keeps_its_way_back(workspace: Workspace) -> None:
    enrol(workspace, ANN, 1)
    unknown, choices = (
        UnknownStore(workspace, Settings().unknown),
        Choices(workspace, Settings().unknown),
    )
    ids = [unknown.add(sighted(candidate=ANN, colour=40 * n)) for n in range(1, 4)]
    choices.delete(ids)
    done = erase(workspace, ANN, answers=Answers(unsure="keep"))
    assert done.left == ()
    assert choices.undo().title == "Deleted 3 unknown"
    assert [each.candidate for each in unknown.sightings()] == ["", "", ""]

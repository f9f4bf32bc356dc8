"""A folder's name or a person's name never makes one human another."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.contract import Event, Threshold
from engine.contract.errors import DataError, NameTaken, NoModel, UndoConflict
from engine.contract.people import Answers, ErasureUnanswered
from engine.desk import library
from engine.jobs import naming
from engine.jobs.naming import Recognition
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.model.store import ModelStore
from engine.people import changes
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.rights import stores
from engine.rights.erase import erase
from engine.rights.stores import export_person
from engine.rights.take_in import import_person
from engine.workspace.audit import Audit
from engine.workspace.files import write_json
from engine.workspace.folder import Workspace
from tests.attack.humans import (
    AARON,
    AARON_SLUG,
    KEEP,
    MAN,
    OTHER,
    SETTINGS,
    WOMAN,
    Run,
    enrol,
    named,
    take_the_folder,
    trained,
)
from tests.people.unknowns import sighted

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")


# --- a model names only whom it was trained with --------------------------------------------------


@pytest.mark.parametrize(
    ("name", "for_good"), [("Aaron-Man", False), (AARON, True), ("aaron man", True)]
)
def test_the_next_human_in_the_folder_is_not_who_the_model_knows(
    enrolled: Workspace, backbone: Backbone, name: str, for_good: bool
) -> None:
    assert named(enrolled, backbone, MAN) == AARON
    changes.delete_people(enrolled, [AARON], 0 if for_good else KEEP)
    enrol(enrolled, name, WOMAN)
    if People(enrolled).get(name).slug != AARON_SLUG:
        take_the_folder(enrolled, name)
    assert named(enrolled, backbone, MAN) is None
    assert named(enrolled, backbone, WOMAN) is None
    assert named(enrolled, backbone, OTHER) == "Other One"
    (row,) = (row for row in library.person_rows(enrolled) if row.name == name)
    assert row.in_model == "no"


def test_a_model_of_nobody_who_is_enrolled_says_so(enrolled: Workspace, backbone: Backbone) -> None:
    changes.delete_people(enrolled, [AARON, "Other One"], 0)
    enrol(enrolled, "Aaron-Man", WOMAN)
    with pytest.raises(NoModel, match="Nobody of this model is enrolled any more"):
        named(enrolled, backbone, MAN)


def test_a_rename_keeps_who_somebody_is_and_frees_the_name(
    enrolled: Workspace, backbone: Backbone
) -> None:
    before = People(enrolled).get(AARON).id
    stores.rename(enrolled, AARON, "Bertram")
    enrol(enrolled, AARON, WOMAN)
    assert People(enrolled).get("Bertram").id == before
    assert named(enrolled, backbone, MAN) == "Bertram"
    assert named(enrolled, backbone, WOMAN) is None


def test_after_a_merge_the_next_in_the_folder_is_not_named(
    enrolled: Workspace, backbone: Backbone
) -> None:
    changes.merge(enrolled, AARON, "Other One", KEEP)
    enrol(enrolled, "Aaron-Man", WOMAN)
    take_the_folder(enrolled, "Aaron-Man")
    assert named(enrolled, backbone, MAN) != "Aaron-Man"
    assert named(enrolled, backbone, WOMAN) is None


def test_who_comes_back_from_the_trash_is_who_they_were(
    enrolled: Workspace, backbone: Backbone
) -> None:
    before = People(enrolled).get(AARON)
    changes.delete_people(enrolled, [AARON], KEEP)
    enrol(enrolled, "Aaron-Man", WOMAN)
    changes.undo(enrolled)
    assert People(enrolled).get(AARON) == before
    assert named(enrolled, backbone, MAN) == AARON
    assert named(enrolled, backbone, WOMAN) is None


def test_the_run_under_way_does_not_go_on_with_the_next_human_in_the_folder(
    enrolled: Workspace, backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "LOOK_INTERVAL", 0.0)
    run = Run(enrolled, backbone)
    assert run.show(MAN) == AARON
    changes.delete_people(enrolled, [AARON], KEEP)
    enrol(enrolled, "Aaron-Man", WOMAN)
    take_the_folder(enrolled, "Aaron-Man")
    assert run.show(MAN) is None
    assert run.show(WOMAN) is None
    changes.undo(enrolled)  # to another folder than the run began with
    assert run.show(MAN) == AARON


# --- the trash and erasure ------------------------------------------------------------------------


def test_erasing_the_next_human_in_the_folder_leaves_the_first_ones_trash(
    enrolled: Workspace,
) -> None:
    before = People(enrolled).get(AARON)
    changes.delete_people(enrolled, [AARON], KEEP)
    enrol(enrolled, "Aaron-Man", WOMAN)
    take_the_folder(enrolled, "Aaron-Man")
    erase(enrolled, "Aaron-Man")
    changes.undo(enrolled)
    assert People(enrolled).get(AARON) == before
    assert {label[1] for info in ModelStore(enrolled).list() for label in info.people} == {
        AARON,
        "Other One",
    }, "the model is his, not hers"


def test_erasing_somebody_in_the_trash_leaves_the_next_human_in_the_folder(
    enrolled: Workspace,
) -> None:
    changes.delete_people(enrolled, [AARON], KEEP)
    enrol(enrolled, "Aaron-Man", WOMAN)
    take_the_folder(enrolled, "Aaron-Man")
    erase(enrolled, AARON)
    assert People(enrolled).get("Aaron-Man").pictures == 12
    assert Trash(enrolled).changes() == ()


def test_two_humans_of_one_name_in_the_trash_are_two(enrolled: Workspace) -> None:
    changes.delete_people(enrolled, [AARON], KEEP)
    enrol(enrolled, AARON, WOMAN, pictures=5)
    erase(enrolled, AARON)  # the one who is enrolled
    (change,) = Trash(enrolled).changes()
    assert change.pictures == 12
    changes.undo(enrolled)
    assert People(enrolled).get(AARON).pictures == 12


def test_who_comes_back_gets_another_folder_where_theirs_is_taken(enrolled: Workspace) -> None:
    features = next(enrolled.features.glob(f"*/{AARON_SLUG}")).parent.name
    changes.delete_people(enrolled, [AARON], KEEP)
    enrol(enrolled, "Aaron-Man", WOMAN, pictures=5)
    take_the_folder(enrolled, "Aaron-Man")
    changes.undo(enrolled)
    people = {person.name: person for person in People(enrolled).list()}
    assert (people[AARON].pictures, people["Aaron-Man"].pictures) == (12, 5)
    assert people["Aaron-Man"].slug == AARON_SLUG
    assert list((enrolled.features / features / people[AARON].slug).iterdir())


def test_pictures_do_not_go_back_into_another_humans_folder(enrolled: Workspace) -> None:
    (session,) = People(enrolled).get(AARON).sessions
    pictures = changes.delete_pictures(enrolled, AARON, [f"{session.id}/0001.png"], KEEP)
    shutil.rmtree(enrolled.people / AARON_SLUG)
    enrol(enrolled, "Aaron-Man", WOMAN, pictures=5)
    take_the_folder(enrolled, "Aaron-Man")
    (folder,) = (path for path in (enrolled.people / AARON_SLUG).iterdir() if path.is_dir())
    folder.rename(folder.with_name(session.id))
    (folder.with_name(session.id) / "0001.png").unlink()
    with pytest.raises(UndoConflict, match="another person's by now"):
        changes.undo(enrolled, pictures.id)
    assert People(enrolled).get("Aaron-Man").pictures == 4


# --- merged people --------------------------------------------------------------------------------


def test_erasing_finds_who_was_merged_in_older_models_and_the_audit(
    enrolled: Workspace, backbone: Backbone
) -> None:
    merged = People(enrolled).get(AARON).id
    enrol(enrolled, "Third One", 3)
    changes.merge(enrolled, AARON, "Third One", KEEP)
    trained(enrolled, backbone)
    survivor = People(enrolled).get("Third One")
    assert survivor.ids == {survivor.id, merged}
    stores.rename(enrolled, "Third One", "Quite Another")
    assert merged in set(Audit(enrolled).subjects().values())
    erased = erase(enrolled, "Quite Another")
    labels = {label for info in ModelStore(enrolled).list() for label in info.people}
    assert {name for _id, name, _revision in labels} == {"Other One"}
    assert not {merged, survivor.id} & set(Audit(enrolled).subjects().values())
    assert erased.left == ()
    assert merged not in everything(enrolled)


def test_the_chain_of_merges_goes_on_and_undo_takes_it_back(workspace: Workspace) -> None:
    for number, name in enumerate(("First", "Second", "Third")):
        enrol(workspace, name, number, pictures=3)
    ids = {person.name: person.id for person in People(workspace).list()}
    changes.merge(workspace, "First", "Second", KEEP)
    stores.rename(workspace, "Second", "Second Again")
    changes.merge(workspace, "Second Again", "Third", KEEP)
    assert People(workspace).get("Third").ids == set(ids.values())
    changes.undo(workspace)
    assert People(workspace).get("Third").ids == {ids["Third"]}
    assert People(workspace).get("Second Again").ids == {ids["First"], ids["Second"]}
    changes.undo(workspace)
    assert People(workspace).get("Second Again").ids == {ids["Second"]}
    assert People(workspace).get("First").id == ids["First"]


def test_a_person_in_the_trash_takes_who_was_merged_into_them_along(workspace: Workspace) -> None:
    enrol(workspace, "First", 0, pictures=3)
    enrol(workspace, "Second", 1, pictures=3)
    Audit(workspace).note("enrolled", first := People(workspace).get("First").id)
    changes.merge(workspace, "First", "Second", KEEP)
    changes.delete_people(workspace, ["Second"], KEEP)
    erase(workspace, "Second")
    assert Trash(workspace).changes() == ()
    assert first not in set(Audit(workspace).subjects().values())


def test_erasing_by_the_name_of_who_was_merged_is_refused_not_called_done(
    workspace: Workspace,
) -> None:
    enrol(workspace, "First", 0, pictures=3)
    enrol(workspace, "Second", 1, pictures=3)
    merge = changes.merge(workspace, "First", "Second", KEEP).id
    with pytest.raises(DataError, match="the pictures of First are those of Second"):
        erase(workspace, "First")
    deleted = changes.delete_people(workspace, ["Second"], KEEP).id
    with pytest.raises(DataError, match="the pictures of First are those of Second"):
        erase(workspace, "First")
    assert {each.id for each in Trash(workspace).changes()} == {merge, deleted}
    assert not any(workspace.receipts.iterdir())
    for _each in range(2):
        changes.undo(workspace)
    erased = erase(workspace, "First")
    assert (erased.receipt.removed["pictures"], erased.left) == (3, ())
    assert People(workspace).get("Second").pictures == 3


def everything(workspace: Workspace) -> str:
    """Every text in the workspace, with its path."""
    files = [path for path in workspace.root.rglob("*") if path.is_file()]
    return "\n".join(f"{f.relative_to(workspace.root)} {f.read_bytes()!r}" for f in files)


# --- archives -------------------------------------------------------------------------------------


def test_an_archive_brings_the_identity_along_where_nobody_has_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    enrol(workspace, AARON, MAN, pictures=3)
    export_person(workspace, AARON, tmp_path / "aaron.zip")
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.prepare()
    import_person(elsewhere, tmp_path / "aaron.zip", SETTINGS.consent)
    assert People(elsewhere).get(AARON).id == People(workspace).get(AARON).id


def test_an_archive_of_somebody_enrolled_is_refused_under_another_name_too(
    workspace: Workspace, tmp_path: Path
) -> None:
    enrol(workspace, AARON, MAN, pictures=3)
    export_person(workspace, AARON, tmp_path / "aaron.zip")
    stores.rename(workspace, AARON, "Bertram")
    with pytest.raises(NameTaken, match="the archive is of Bertram"):
        import_person(workspace, tmp_path / "aaron.zip", SETTINGS.consent)


@pytest.mark.parametrize("for_good", [False, True])
def test_an_archive_that_claims_an_identity_known_here_gets_another(
    enrolled: Workspace, backbone: Backbone, tmp_path: Path, for_good: bool
) -> None:
    """Anybody may write an archive: one that says "I am whom your model calls Aaron" is not him."""
    aaron = People(enrolled).get(AARON).id
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.prepare()
    enrol(elsewhere, "Mallory", WOMAN)
    file = elsewhere.people / "mallory" / "person.json"
    write_json(file, {**json.loads(file.read_bytes()), "id": aaron, "merged": [aaron, "0" * 16]})
    export_person(elsewhere, "Mallory", tmp_path / "mallory.zip")
    with zipfile.ZipFile(tmp_path / "mallory.zip") as archive:
        assert json.loads(archive.read("person.json"))["id"] == aaron
    changes.delete_people(enrolled, [AARON], 0 if for_good else KEEP)
    import_person(enrolled, tmp_path / "mallory.zip", SETTINGS.consent)
    mallory = People(enrolled).get("Mallory")
    assert mallory.ids.isdisjoint({aaron})
    assert named(enrolled, backbone, MAN) is None


# --- what looks for a name by a part of it --------------------------------------------------------


@pytest.mark.parametrize("name", ["60", "No", "Al", "unknown"])
def test_a_name_that_is_part_of_anything_removes_nothing_of_others(
    workspace: Workspace, name: str
) -> None:
    people = People(workspace)
    for each in (name, "Alan Noble"):
        people.add(each)
    recording = workspace.root / "desk.fdrec"
    recording.mkdir()
    (recording / "session.json").write_text(
        json.dumps({"request": {"person": "Alan Noble", "count": 60}, "text": "No 60 Al unknown"})
    )
    (recording / "events.jsonl").write_text('{"event": "face", "decision": "unknown", "of": 60}\n')
    log = workspace.logs / "model.log"
    log.write_text("No device after 60 s, Al 60 unknown\n")
    unknown, choices = (
        UnknownStore(workspace, SETTINGS.unknown),
        Choices(workspace, SETTINGS.unknown),
    )
    choices.stranger([unknown.add(sighted(candidate="Alan Noble", colour=30))], "Alan Noble")
    waiting = unknown.add(sighted(candidate="Alan Noble", colour=60))
    (stranger,) = People(StrangerArea(workspace)).list()
    erase(workspace, name)
    assert recording.is_dir()
    assert log.read_text()
    assert [each.name for each in People(StrangerArea(workspace)).list()] == [stranger.name]
    assert [each.id for each in unknown.sightings()] == [waiting]
    assert choices.last() is not None


@pytest.mark.parametrize("name", ["60", "No", "Al"])
def test_such_a_name_is_found_where_it_stands_for_the_person(
    workspace: Workspace, name: str
) -> None:
    person = People(workspace).add(name)
    recording = workspace.root / "desk.fdrec"
    recording.mkdir()
    (recording / "session.json").write_text(json.dumps({"request": {"person": name}}))
    log = workspace.logs / "model.log"
    log.write_text(f"quiet line\ncannot read people/{person.slug}/x.png\n")
    unknown, choices = (
        UnknownStore(workspace, SETTINGS.unknown),
        Choices(workspace, SETTINGS.unknown),
    )
    choices.stranger([unknown.add(sighted(candidate=name, colour=30))], name)
    unknown.add(dataclasses.replace(sighted(colour=60, candidate=name), candidate_id=person.id))
    erase(workspace, name)
    assert not recording.exists()
    assert log.read_text() == "quiet line\n"
    (stranger,) = People(StrangerArea(workspace)).list()
    assert stranger.name.startswith("Stranger ")
    (left,) = unknown.sightings()  # somebody else, who was only most like them
    assert (left.candidate, left.candidate_id) == ("", "")


def test_a_stranger_told_from_one_human_is_not_renamed_for_another_of_the_name(
    workspace: Workspace,
) -> None:
    people = People(workspace)
    people.add(AARON)
    unknown, choices = (
        UnknownStore(workspace, SETTINGS.unknown),
        Choices(workspace, SETTINGS.unknown),
    )
    choices.stranger([unknown.add(sighted(candidate=AARON, colour=30))], AARON)
    people.rename(AARON, "Bertram")
    people.add(AARON)
    (stranger,) = People(StrangerArea(workspace)).list()
    assert stranger.apart_from == people.get("Bertram").id
    erase(workspace, "Bertram")
    (renamed,) = People(StrangerArea(workspace)).list()
    assert renamed.name.startswith("Stranger ")
    assert renamed.apart_from == ""


# --- entries that an outsider left ----------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: {k: v for k, v in body.items() if k != "id"},
        lambda body: {**body, "id": "../../x"},
        lambda body: {**body, "id": 5},
        lambda body: {**body, "merged": ["?", 5, None]},
    ],
)
def test_a_person_put_there_by_hand_gets_an_identity_of_their_own(
    workspace: Workspace, spoil: Callable[[dict[str, object]], dict[str, object]]
) -> None:
    enrol(workspace, AARON, MAN, pictures=2)
    file = workspace.people / AARON_SLUG / "person.json"
    write_json(file, spoil(json.loads(file.read_bytes())))
    shutil.copytree(workspace.people / AARON_SLUG, workspace.people / "copy")
    body = json.loads((workspace.people / "copy" / "person.json").read_bytes())
    write_json(workspace.people / "copy" / "person.json", {**body, "name": "A Copy"})
    People(workspace).tidy()
    ids = [person.ids for person in People(workspace).list()]
    assert len(set().union(*ids)) == 2
    assert all(len(id) == 16 for each in ids for id in each)


def test_who_was_merged_and_is_put_back_from_a_backup_is_somebody_else(
    workspace: Workspace, tmp_path: Path
) -> None:
    enrol(workspace, "First", 0, pictures=3)
    enrol(workspace, "Second", 1, pictures=3)
    shutil.copytree(workspace.people / "first", tmp_path / "first")
    changes.merge(workspace, "First", "Second", KEEP)
    shutil.copytree(tmp_path / "first", workspace.people / "first")
    People(workspace).tidy()
    first, second = People(workspace).list()
    assert not first.ids & second.ids
    with pytest.raises(ErasureUnanswered) as told:
        erase(workspace, "Second")
    assert [(each.whose, each.pictures) for each in told.value.doubts.shared] == [("First", 3)]
    erase(workspace, "Second", answers=Answers(shared_stay=True))
    assert (People(workspace).get("First").pictures, len(People(workspace).list())) == (3, 1)


def test_thresholds_are_of_the_people_who_can_be_named(
    enrolled: Workspace, backbone: Backbone
) -> None:
    """The next human in the folder is not counted in the gallery either."""
    changes.delete_people(enrolled, [AARON], 0)
    enrol(enrolled, "Aaron-Man", WOMAN)
    events: list[Event] = []
    Recognition(enrolled, SETTINGS, events.append, backbones=Backbones(kept=backbone))
    (threshold,) = (event for event in events if isinstance(event, Threshold))
    assert threshold.people == 1

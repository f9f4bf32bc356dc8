"""Erasing a person: no byte of the workspace tells of them, and others keep what is theirs."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from byte_search import hits, needles_of

from engine.bench.material import enrol_made_up
from engine.cancel import Cancel
from engine.contract.errors import DataError, PersonNotFound, PersonUnreadable
from engine.contract.people import Answers
from engine.contract.requests import EvaluateRequest, TrainRequest
from engine.desk.library import save_evaluation
from engine.jobs.evaluate import evaluate
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.epochs import Checkpoint
from engine.model.networks import Backbones
from engine.model.store import ModelStore
from engine.people import changes, roster
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.rights import erase as erasing
from engine.rights.erase import erase, resume, unfinished
from engine.rights.mentions import Mentions
from engine.rights.stores import export_person
from engine.settings import Settings
from engine.workspace.audit import Audit
from engine.workspace.files import write_bytes, write_json
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted
from tests.templates import quick_backbone

NAME, SLUG = "Zora Quill", "zora-quill"
PICTURES = 12
SETTINGS = Settings()
UNKNOWN = SETTINGS.unknown
REMOVE = Answers(unsure="remove")
"""The made-up sightings of `lived` cannot be compared with anybody: that is asked about."""


@pytest.fixture(scope="module")
def backbone(plain_centres: None) -> Backbone:
    return quick_backbone()


def trained(workspace: Workspace, backbone: Backbone) -> None:
    kept = Backbones(kept=backbone)
    train(
        workspace, SETTINGS, TrainRequest(options={"epochs": 2}), Cancel(), lambda event: None, kept
    )


@pytest.fixture
def lived(life: Workspace, tmp_path: Path) -> Workspace:
    """A workspace in which Zora was enrolled, trained twice, measured, seen, trashed, restored."""
    shutil.copytree(life.root, tmp_path / "lived")
    return Workspace(tmp_path / "lived")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Workspace:
    """What `lived` is a copy of."""
    workspace = Workspace(tmp_path_factory.mktemp("life") / "w")
    workspace.prepare()
    enrol_made_up(workspace, 0, 3, PICTURES)
    trained(workspace, backbone)  # a model that never knew her
    enrol_made_up(workspace, 3, 1, PICTURES)
    people = People(workspace)
    newest = max(people.list(), key=lambda person: person.name)
    (workspace.people / newest.slug).rename(workspace.people / SLUG)
    people.rename(newest.name, NAME)
    trained(workspace, backbone)
    trained(workspace, backbone)
    changes.undo(workspace, changes.delete_people(workspace, [NAME], 30).id)
    _left_everywhere(workspace)
    return workspace


def _left_everywhere(workspace: Workspace) -> None:
    """Traces in each place that takes any."""
    others = [p.name for p in People(workspace).list() if p.name != NAME]
    changes.delete_people(workspace, [NAME, others[0]], 30)
    changes.undo(workspace)
    (session, *_rest) = People(workspace).get(NAME).sessions
    changes.delete_pictures(workspace, NAME, [f"{session.id}/{session.pictures[0]}"], 30)
    changes.delete_people(workspace, [others[1]], 30)
    unknown = UnknownStore(workspace, UNKNOWN)
    unknown.add(sighted(candidate=NAME, colour=11))
    unknown.add(sighted(candidate=others[0], colour=21))
    other = unknown.add(sighted(candidate=NAME, colour=31))
    Choices(workspace, UNKNOWN).stranger([other], NAME)
    roster_file = workspace.root.parent / "names.csv"
    roster_file.write_text(f"name\n{NAME} Junior\n")
    roster.add(workspace, roster_file)
    body = {"version": 1, "names": [{"name": NAME}, {"name": f"{NAME} Junior"}]}
    write_json(workspace.root / roster.FILE, body)
    write_json(workspace.root / "ui.json", {"theme": "dark", "last_person": NAME})
    write_bytes(workspace.evaluations / "m.json", json.dumps({"people": [NAME]}).encode())
    recording = workspace.root / "desk.fdrec"
    recording.mkdir()
    (recording / "session.json").write_text(json.dumps({"request": {"person": NAME}}))
    picture = next((workspace.people / SLUG).rglob("*.png"))
    (workspace.root / "sheets").mkdir()
    (workspace.root / "sheets" / "copy.png").write_bytes(picture.read_bytes())
    people_now = tuple((person.id, person.revision) for person in People(workspace).list())
    Checkpoint(workspace.models, "head", people_now).save("material", {}, ())
    log = workspace.logs / "model.log"
    log.write_text(f"quiet line\ntrouble with people/{SLUG}/x.png\nlast line\n")


def test_no_byte_of_the_workspace_tells_of_an_erased_person(lived: Workspace) -> None:
    needles = needles_of(lived, SLUG, [NAME, SLUG])
    # "Zora Quill Junior" is somebody else, and may stay.
    write_json(lived.root / roster.FILE, {"version": 1, "names": [{"name": NAME}]})
    kinds = {line.rpartition(": ")[2] for line in hits(lived.root, needles)}
    assert kinds == {"text", "picture", "digest", "row"}
    erased = erase(lived, NAME, answers=REMOVE)
    assert hits(lived.root, needles) == []
    assert erased.left == ()
    assert erased.receipt.searched["left"] == 0


def test_the_receipt_says_what_went_without_saying_of_whom(lived: Workspace) -> None:
    erased = erase(lived, NAME, by="Desk one", answers=REMOVE)
    body = json.loads(Path(erased.file).with_suffix(".json").read_text())
    assert body["removed"]["pictures"] == PICTURES - 1
    assert body["removed"]["models"] == 2
    assert body["removed"]["recordings"] == 1
    assert body["removed"]["copies of pictures"] == 1
    assert body["removed"]["log lines"] == 1
    assert body["by"] == "Desk one"
    assert "no name, picture" in body["statement"]
    text = Path(erased.file).read_text()
    assert body["id"] in text
    assert NAME not in text
    for file in lived.receipts.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_model_in_use_goes_on_with_the_others_made_anew(
    lived: Workspace, backbone: Backbone
) -> None:
    store = ModelStore(lived)
    before = store.load()
    hers = People(lived).get(NAME).id
    erased = erase(lived, NAME, answers=REMOVE)
    after = store.load()
    assert erased.receipt.model == "made anew" or after.info.people  # one of the others is deleted
    assert [label[0] for label in after.labels] == [
        label[0] for label in before.labels if label[0] != hers
    ]
    kept = [row for row, label in enumerate(before.labels) if label[0] != hers]
    likeness = (after.centres * before.centres[kept]).sum(1)
    assert likeness.min() > 0.95
    assert SLUG not in json.dumps(after.info.details)
    assert hers not in json.dumps(after.info.details)


def test_models_that_never_knew_the_person_stay(lived: Workspace) -> None:
    store = ModelStore(lived)
    hers = People(lived).get(NAME).id
    never = [i.id for i in store.list() if all(label[0] != hers for label in i.people)]
    assert len(never) == 1
    erase(lived, NAME, answers=REMOVE)
    assert {info.id for info in store.list()} == {*never, store.current_id()}


def test_centres_do_not_depend_on_the_erased_person(
    workspace: Workspace, backbone: Backbone
) -> None:
    enrol_made_up(workspace, 0, 4, PICTURES)
    trained(workspace, backbone)
    gone = People(workspace).list()[0]
    erase(workspace, gone.name)
    anew = ModelStore(workspace).load()
    from engine.model.feature_store import kept_embeddings
    from engine.model.record import decode
    from engine.model.vectors import class_centres

    for row, (id, _name, _revision) in enumerate(anew.labels):
        ((session, files),) = anew.info.details["enrolled_on"][id].items()
        names = sorted(decode(files))
        extractor, space = backbone.extractor.digest, backbone.space.digest
        slug = People(workspace).by_id(id).slug
        found = kept_embeddings(workspace, extractor, space, slug, session, names)
        assert found is not None
        own = class_centres(found, np.zeros(len(found), int), 1)[0]
        assert np.allclose(own, anew.centres[row], atol=1e-6)


def test_without_cached_embeddings_the_class_is_cut_out(
    workspace: Workspace, backbone: Backbone
) -> None:
    enrol_made_up(workspace, 0, 3, PICTURES)
    trained(workspace, backbone)
    for file in workspace.features.rglob("*.space-*.npz"):
        file.unlink()
    gone = People(workspace).list()[1]
    before = ModelStore(workspace).load()
    erased = erase(workspace, gone.name)
    assert erased.receipt.model == "class removed"
    after = ModelStore(workspace).load()
    kept = [row for row, label in enumerate(before.labels) if label[0] != gone.id]
    assert np.array_equal(after.centres, before.centres[kept])


def test_erasing_the_only_person_leaves_no_model(workspace: Workspace, backbone: Backbone) -> None:
    enrol_made_up(workspace, 0, 1, PICTURES)
    trained(workspace, backbone)
    erased = erase(workspace, People(workspace).list()[0].name)
    assert erased.receipt.model == "deleted"
    assert ModelStore(workspace).list() == ()
    assert ModelStore(workspace).current_id() is None


@pytest.mark.parametrize("asked", [NAME, SLUG])
def test_somebody_whose_file_is_damaged_is_erased_from_models_too(
    lived: Workspace, asked: str
) -> None:
    needles = needles_of(lived, SLUG, [NAME, SLUG])
    write_json(lived.root / roster.FILE, {"version": 1, "names": [{"name": NAME}]})
    (lived.people / SLUG / "person.json").write_bytes(bytes(80))
    erased = erase(lived, asked, answers=REMOVE)
    assert erased.name == NAME
    assert erased.receipt.model == "class removed"
    assert erased.receipt.removed["pictures"] > 0
    assert erased.left == ()
    assert hits(lived.root, needles) == []


def test_a_damaged_person_of_a_name_that_nothing_tells_is_erased_by_folder_only(
    workspace: Workspace,
) -> None:
    people = People(workspace)
    people.add("Ann Lee")
    people.rename("Ann Lee", "Bob")  # the folder is still that of Ann Lee
    (workspace.people / "ann-lee" / "person.json").write_bytes(b"{")
    with pytest.raises(PersonUnreadable) as caught:
        erase(workspace, "Ann Lee")
    assert "people erase ann-lee" in caught.value.hint
    assert (workspace.people / "ann-lee").is_dir()
    assert erase(workspace, "ann-lee").left == ()
    assert not (workspace.people / "ann-lee").exists()


def test_nothing_is_touched_of_somebody_whom_this_user_may_not_read(
    workspace: Workspace, powerless: None
) -> None:
    folder = workspace.people / People(workspace).add(NAME).slug
    folder.chmod(0)
    with pytest.raises(PersonUnreadable, match="Permission denied"):
        erase(workspace, NAME)
    with pytest.raises(PersonUnreadable, match="Permission denied"):
        export_person(workspace, NAME, workspace.root.parent / "zora.zip")
    folder.chmod(0o700)
    assert People(workspace).get(NAME).slug == folder.name
    assert not unfinished(workspace)


def test_others_keep_their_pictures_and_their_way_back_from_the_trash(lived: Workspace) -> None:
    others = {p.name for p in People(lived).list()} - {NAME}
    erase(lived, NAME, answers=REMOVE)
    assert {p.name for p in People(lived).list()} == others
    trash = Trash(lived).changes()
    assert len(trash) >= 1
    back = changes.undo(lived, next(each.id for each in trash if each.names))
    assert back.names[0][1] in {p.name for p in People(lived).list()}


def test_of_a_deletion_of_two_the_other_can_still_come_back(
    workspace: Workspace, backbone: Backbone
) -> None:
    enrol_made_up(workspace, 0, 3, PICTURES)
    first, second, _third = (p.name for p in People(workspace).list())
    changes.delete_people(workspace, [first, second], 30)
    erased = erase(workspace, first)
    assert erased.receipt.removed["pictures in the trash"] == PICTURES
    (change,) = Trash(workspace).changes()
    assert [name for _slug, name in change.names] == [second]
    changes.undo(workspace)
    assert People(workspace).get(second).pictures == PICTURES
    with pytest.raises(PersonNotFound):
        People(workspace).get(first)


def test_erasing_one_person_leaves_the_choices_about_others(workspace: Workspace) -> None:
    People(workspace).add(NAME)
    unknown, choices = UnknownStore(workspace, UNKNOWN), Choices(workspace, UNKNOWN)
    hers, his, one, other = (
        unknown.add(sighted(np.eye(4)[n].tolist(), candidate="Bob", colour=40 * n))
        for n in range(4)
    )
    choices.assign([hers], NAME, new=True)
    choices.assign([his], "Bob", new=True)
    choices.split([one], [one, other])
    erased = erase(workspace, NAME, answers=Answers(unsure="keep"))
    assert erased.receipt.removed["choices"] == 1
    assert choices.undo().title == "Split off 1 of 2 unknown"
    assert choices.undo().title == "Unknown is Bob"
    assert {each.id for each in unknown.sightings()} == {his, one, other}
    assert choices.last() is None


def test_a_stranger_told_from_the_person_loses_the_name_and_keeps_the_pictures(
    workspace: Workspace,
) -> None:
    People(workspace).add(NAME)
    id = UnknownStore(workspace, UNKNOWN).add(sighted(candidate=NAME))
    Choices(workspace, UNKNOWN).stranger([id], NAME)
    erase(workspace, NAME)
    (stranger,) = People(StrangerArea(workspace)).list()
    assert stranger.pictures == 2
    assert NAME not in stranger.name
    assert [session.source for session in stranger.sessions] == ["inbox"]


def test_sightings_that_look_like_the_person_go_whoever_was_nearest(
    workspace: Workspace, backbone: Backbone
) -> None:
    enrol_made_up(workspace, 0, 2, PICTURES)
    trained(workspace, backbone)
    gone, stays = People(workspace).list()
    model = ModelStore(workspace).load()
    rows = {
        label[0]: centre.tolist() for label, centre in zip(model.labels, model.centres, strict=True)
    }
    made = {"extractor": backbone.extractor.digest, "space": backbone.space.digest}
    unknown = UnknownStore(workspace, UNKNOWN)
    unknown.add(sighted(rows[gone.id], candidate=stays.name, **made))
    other = unknown.add(sighted(rows[stays.id], candidate=stays.name, **made))
    erased = erase(workspace, gone.name)
    assert erased.receipt.removed["sightings of unknowns"] == 1
    assert [each.id for each in unknown.sightings()] == [other]


@pytest.mark.parametrize("moment", [0, 1, 2, 3, 5, 8, 12])
def test_an_erasure_cut_short_anywhere_is_finished_later(
    lived: Workspace, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    write_json(lived.root / roster.FILE, {"version": 1, "names": [{"name": NAME}]})
    needles = needles_of(lived, SLUG, [NAME, SLUG])
    written = erasing.write_json
    count = 0

    def failing(path: Path, value: object) -> None:
        nonlocal count
        if count == moment:
            raise KeyboardInterrupt
        count += 1
        written(path, value)

    monkeypatch.setattr(erasing, "write_json", failing)
    try:
        erase(lived, NAME, answers=REMOVE)
    except KeyboardInterrupt:
        monkeypatch.setattr(erasing, "write_json", written)
        if moment == 0:  # nothing had been touched
            assert People(lived).get(NAME)
            return
        assert unfinished(lived)
        (again,) = resume(lived)
        assert again.receipt.resumed
        assert again.receipt.searched["left"] == 0
    assert hits(lived.root, needles) == []
    assert not unfinished(lived)
    assert resume(lived) == ()


def test_an_erasure_that_an_earlier_version_began_is_finished(
    lived: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.rights.templates.Models.forget", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(lived, NAME, answers=REMOVE)
    (marker,) = lived.erasing.iterdir()
    body = json.loads(marker.read_text())
    del body["unsure"], body["evidence"]["shared"], body["evidence"]["sightings"]
    body["evidence"]["version"] = 1
    write_json(marker, body)
    (again,) = resume(lived)
    assert again.left == ()
    assert not unfinished(lived)


def test_a_damaged_marker_is_an_error_and_stays(workspace: Workspace) -> None:
    write_json(workspace.erasing / "x.json", {"evidence": {"version": 1}})
    with pytest.raises(DataError, match="unfinished erasure"):
        resume(workspace)
    assert unfinished(workspace)


def test_nobody_of_that_name_changes_nothing(workspace: Workspace) -> None:
    with pytest.raises(PersonNotFound):
        erase(workspace, NAME)
    assert not unfinished(workspace)
    assert list(workspace.receipts.iterdir()) == []


def test_a_foreign_file_that_names_the_person_is_told_and_not_touched(workspace: Workspace) -> None:
    People(workspace).add(NAME)
    note = workspace.root / "letters.txt"
    note.write_text(f"Dear {NAME},")
    erased = erase(workspace, NAME)
    assert erased.left == ("letters.txt",)
    assert "1 of" in erased.receipt.statement
    assert note.exists()


def test_the_audit_logs_entries_stay_and_are_nobodys(workspace: Workspace) -> None:
    audit = Audit(workspace)
    person = People(workspace).add(NAME)
    enrolled = audit.note("enrolled", person.id)
    erased = erase(workspace, NAME)
    assert erased.left == ()
    assert enrolled.subject not in audit.subjects()
    told = [(entry.action, entry.subject) for entry in audit.entries()[1:]]
    assert told == [
        (action, enrolled.subject)
        for action in ("enrolled", "began", "person-erased", "pseudonymised")
    ]
    assert audit.verify().fault is None
    assert "audit log" in Path(erased.file).read_text()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_an_evaluation_with_the_persons_row_goes(lived: Workspace, backbone: Backbone) -> None:
    done = evaluate(
        lived, SETTINGS, EvaluateRequest(), Cancel(), lambda e: None, Backbones(kept=backbone)
    )
    save_evaluation(lived, replace(done))
    erase(lived, NAME, answers=REMOVE)
    assert list(lived.evaluations.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ann was here", True),
        ('{"name": "Ann"}', True),
        ("Ann: only 3 pictures", True),
        ("Ann Lee was here", False),
        ("Anna was here", False),
        ("people/ann/x", True),
        ("people/ann-lee/x", False),
        ("Ann Lee and Ann", True),
    ],
)
def test_a_name_within_another_persons_name_is_no_mention(text: str, named: bool) -> None:
    assert Mentions(["Ann"], "ann", ["Ann Lee", "ann-lee", "Anna", "anna"]).within(text) is named


def test_a_folder_called_like_a_word_of_ours_is_not_looked_for() -> None:
    assert not Mentions(["Head"], "head").within('"recipe": "head"')
    assert Mentions(["Head"], "head").within('"name": "Head"')

"""Workspaces of before there were identities: linked where that can be known, else nobody's."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from engine.contract.errors import NoModel
from engine.contract.people import Answers
from engine.model.backbones import Backbone
from engine.model.store import ModelStore
from engine.people import changes
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.rights.erase import erase
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace
from engine.workspace.identity import is_identity
from tests.attack.humans import (
    AARON,
    AARON_SLUG,
    KEEP,
    MAN,
    SETTINGS,
    WOMAN,
    enrol,
    named,
    take_the_folder,
)
from tests.people.unknowns import sighted
from tests.workspace.format_1 import turn_back

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")


def migrated(workspace: Workspace) -> Workspace:
    turn_back(workspace)
    with workspace.writer("test"):
        assert workspace.upgraded_from() == 1
    return workspace


def test_a_model_of_before_goes_on_naming_its_people(
    enrolled: Workspace, backbone: Backbone
) -> None:
    turn_back(enrolled)
    assert named(enrolled, backbone, MAN) == AARON, "a reader does not wait for a writer"
    with enrolled.writer("test"):
        pass
    assert named(enrolled, backbone, MAN) == AARON
    store = ModelStore(enrolled)
    (info,) = store.list(compare=True)
    assert not info.damaged
    ids = {person.id for person in People(enrolled).list()}
    assert {label[0] for label in info.people} == ids
    assert set(info.details["trained_on"]) == set(info.calibration["own"]) == ids
    assert all(map(is_identity, ids))


@pytest.mark.parametrize("for_good", [False, True])
def test_a_human_who_took_the_folder_before_is_told_apart(
    enrolled: Workspace, backbone: Backbone, for_good: bool
) -> None:
    changes.delete_people(enrolled, [AARON], 0 if for_good else KEEP)
    time.sleep(1 - time.time() % 1)  # sessions are named by the second: these are not one
    enrol(enrolled, "Aaron-Man", WOMAN)
    if People(enrolled).get("Aaron-Man").slug != AARON_SLUG:
        take_the_folder(enrolled, "Aaron-Man")
    migrated(enrolled)
    assert named(enrolled, backbone, MAN) is None
    assert named(enrolled, backbone, WOMAN) is None
    if not for_good:
        changes.undo(enrolled)
        assert named(enrolled, backbone, MAN) == AARON
        assert People(enrolled).get("Aaron-Man").slug == AARON_SLUG


def test_pictures_deleted_before_go_back_to_whose_they_were(
    enrolled: Workspace, backbone: Backbone
) -> None:
    (session,) = People(enrolled).get(AARON).sessions
    first = changes.delete_pictures(enrolled, AARON, [f"{session.id}/0001.png"], KEEP)
    whole = changes.delete_people(enrolled, [AARON], KEEP)
    migrated(enrolled)
    changes.undo(enrolled, whole.id)
    changes.undo(enrolled, first.id)
    assert People(enrolled).get(AARON).pictures == 12
    assert {each.id for each in Trash(enrolled).changes()} == set()


def test_a_merge_of_before_is_noted_with_the_survivor(
    enrolled: Workspace, backbone: Backbone
) -> None:
    changes.merge(enrolled, AARON, "Other One", KEEP)
    migrated(enrolled)
    survivor = People(enrolled).get("Other One")
    (info,) = ModelStore(enrolled).list()
    assert {label[0] for label in info.people} == survivor.ids
    changes.undo(enrolled)
    assert People(enrolled).get("Other One").ids == {survivor.id}
    assert named(enrolled, backbone, MAN) == AARON


def test_a_merge_that_the_trash_has_no_more_is_told_by_the_sessions(enrolled: Workspace) -> None:
    changes.merge(enrolled, AARON, "Other One", KEEP)
    Trash(enrolled).purge(everything=True)
    migrated(enrolled)
    survivor = People(enrolled).get("Other One")
    (info,) = ModelStore(enrolled).list()
    assert {label[0] for label in info.people} == survivor.ids
    erase(enrolled, "Other One")
    assert ModelStore(enrolled).list() == ()


def test_an_audit_key_goes_to_the_only_one_whose_folder_it_was(workspace: Workspace) -> None:
    audit = Audit(workspace)
    for name in (AARON, "Other One"):
        enrol(workspace, name, MAN, pictures=2)
        audit.note("enrolled", f"?{People(workspace).get(name).slug}")
    # Of Aaron's folder the log says that somebody went for good: it may be another's now.
    audit.note("person-erased", f"?{AARON_SLUG}")
    before = audit.subjects()
    assert set(before.values()) == {AARON_SLUG, "other-one"}
    migrated(workspace)
    other = People(workspace).get("Other One").id
    after = audit.subjects()
    assert after.keys() == before.keys(), "every pseudonym is as it was"
    assert set(after.values()) == {AARON_SLUG, other}
    aaron = People(workspace).get(AARON).id
    assert before[audit.note("exported", other).subject] == "other-one", "it goes on"
    assert audit.note("exported", aaron).subject not in before, "a new one"
    erase(workspace, AARON, answers=Answers(shared_stay=True))
    assert AARON_SLUG not in audit.subjects().values()


def test_sightings_choices_and_strangers_of_before_are_linked(workspace: Workspace) -> None:
    enrol(workspace, AARON, MAN, pictures=2)
    unknown, choices = (
        UnknownStore(workspace, SETTINGS.unknown),
        Choices(workspace, SETTINGS.unknown),
    )
    first, second, third = (
        unknown.add(sighted(candidate=AARON, colour=30 * n)) for n in range(1, 4)
    )
    choices.assign([first], AARON, new=False)
    choices.stranger([second], AARON)
    migrated(workspace)
    aaron = People(workspace).get(AARON).id
    (waiting,) = unknown.sightings()
    assert (waiting.id, waiting.candidate_id) == (third, aaron)
    (stranger,) = People(StrangerArea(workspace)).list()
    assert stranger.apart_from == aaron
    assert is_identity(stranger.id)
    body = json.loads((workspace.unknown / "choices.json").read_bytes())
    assert [choice["person"] for choice in body["choices"]] == [aaron, aaron]


def test_a_model_whose_digests_do_not_fit_is_left_as_it_is(enrolled: Workspace) -> None:
    turn_back(enrolled)
    (labels,) = enrolled.models.glob("*/labels.json")
    labels.write_text(labels.read_text() + " ")
    before = {path.name: path.read_bytes() for path in labels.parent.iterdir()}
    with enrolled.writer("test"):
        pass
    assert {path.name: path.read_bytes() for path in labels.parent.iterdir()} == before
    (info,) = ModelStore(enrolled).list(compare=True)
    assert info.damaged


def test_a_folder_put_back_from_a_backup_is_nobody_whom_a_model_knows(
    enrolled: Workspace, backbone: Backbone, tmp_path: Path
) -> None:
    """A person.json without an identity, in a workspace that has them, is a new person."""
    shutil.copytree(enrolled.people / AARON_SLUG, tmp_path / "backup")
    body = json.loads((tmp_path / "backup" / "person.json").read_bytes())
    body.pop("id")
    (tmp_path / "backup" / "person.json").write_text(json.dumps(body))
    shutil.rmtree(enrolled.people / AARON_SLUG)
    shutil.rmtree(enrolled.people / "other-one")
    shutil.copytree(tmp_path / "backup", enrolled.people / AARON_SLUG)
    with pytest.raises(NoModel):
        named(enrolled, backbone, MAN)


def test_an_upgrade_of_a_model_killed_at_any_write_is_finished(
    enrolled: Workspace, backbone: Backbone, tmp_path: Path
) -> None:
    turn_back(enrolled)
    moment = 0
    while True:
        workspace = Workspace(tmp_path / str(moment))
        shutil.copytree(enrolled.root, workspace.root)
        died = upgrade_and_die(workspace, moment)
        with workspace.writer("test"):
            workspace.recover()
        (info,) = ModelStore(workspace).list(compare=True)
        assert not info.damaged
        assert {label[0] for label in info.people} == {p.id for p in People(workspace).list()}
        assert not list(workspace.models.glob("*/identities.json"))
        if not died:
            break
        moment += 1
    assert moment >= 7, "two people, the plan, three files of the model, the marker"
    assert named(workspace, backbone, MAN) == AARON


def upgrade_and_die(workspace: Workspace, writes: int) -> bool:
    """Upgrade in a process that is gone at once before its next write; whether it came so far."""
    pid = os.fork()
    if pid == 0:
        left, replace = [writes], os.replace

        def dying(*names: Any, **places: Any) -> None:
            if not left[0]:
                os._exit(9)
            left[0] -= 1
            replace(*names, **places)

        os.replace = dying
        with workspace.writer("test"):
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9

"""The registry of people on real folders."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract.errors import (
    DataError,
    NameInvalid,
    NameTaken,
    PersonNotFound,
    PersonUnreadable,
    WorkspaceUnusable,
)
from engine.contract.people import Consent
from engine.people.person import Person
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People
from engine.workspace.files import write_json
from engine.workspace.folder import Workspace

SIGNED = Consent(by="Desk one", at="2026-01-18T09:00:00+00:00", text_version="2")


@pytest.fixture
def people(workspace: Workspace) -> People:
    return People(workspace)


def capture(people: People, person: Person, count: int, source: str = "clip.mp4") -> str:
    """A session with `count` pictures; its id."""
    writer = SessionWriter(people, person, source, count)
    for number in range(count):
        writer.add(
            b"picture",
            PictureRecord(
                frame=number,
                seconds=number / 30,
                box=(1, 2, 100, 100),
                eyes_found=True,
                brightness=120.0,
                sharpness=80.0,
            ),
        )
    writer.close("complete", {})
    return writer.session


def split_of(workspace: Workspace, *slugs: str, warnings: tuple[str, ...] = ()) -> None:
    body = {"people": {slug: {} for slug in slugs}, "warnings": list(warnings)}
    write_json(workspace.split_file, body)


def names(people: People) -> list[str]:
    return [person.name for person in people.list()]


def test_an_absent_workspace_has_nobody(tmp_path: Path) -> None:
    people = People(Workspace(tmp_path / "absent"))
    assert people.list() == ()
    assert people.unread() == ()
    assert not (tmp_path / "absent").exists()


def test_an_added_person_is_found_by_name_in_any_case(people: People) -> None:
    added = people.add("José Ruiz", consent=SIGNED)
    assert people.get("JOSE\u0301 RUIZ") == added
    assert people.by_slug(added.slug) == added
    assert (added.name, added.consent, added.pictures) == ("José Ruiz", SIGNED, 0)


def test_consent_of_before_there_were_versions_is_still_read(people: People) -> None:
    people.add("Anna")
    path = people.workspace.people / "anna" / "person.json"
    write_json(path, {**json.loads(path.read_text()), "consent": "on paper, 2025"})
    assert people.get("Anna").consent == Consent(by="on paper, 2025")


def test_consent_can_be_noted_and_withdrawn(people: People) -> None:
    people.add("Anna")
    assert people.set_consent("anna", SIGNED).consent == SIGNED
    withdrawn = replace(SIGNED, withdrawn="2026-02-01T09:00:00+00:00")
    people.set_consent("Anna", withdrawn)
    consent = people.get("Anna").consent
    assert consent == withdrawn
    assert not consent.given


@pytest.mark.parametrize("consent", [3, [], {"at": "2026"}, {"by": 3}, {"by": ""}])
def test_damaged_consent_counts_as_damage(people: People, consent: object) -> None:
    people.add("Anna")
    path = people.workspace.people / "anna" / "person.json"
    write_json(path, {**json.loads(path.read_text()), "consent": consent or [3]})
    assert [each.slug for each in people.unread()] == [path.parent.name]


def test_people_are_listed_by_name(people: People) -> None:
    for name in ("carol", "Bob", "alice"):
        people.add(name)
    assert names(people) == ["alice", "Bob", "carol"]


def test_a_name_is_taken_in_any_case(people: People) -> None:
    people.add("Anna")
    with pytest.raises(NameTaken, match="Anna is enrolled"):
        people.add("ANNA")


def test_an_invalid_name_leaves_nothing_behind(people: People) -> None:
    with pytest.raises(NameInvalid):
        people.add("a/b")
    assert list(people.workspace.people.iterdir()) == []


def test_names_with_the_same_spelling_in_ascii_have_folders_of_their_own(people: People) -> None:
    made = [people.add(name).slug for name in ("Jose", "José", "Anna Lee", "Anna-Lee", "李明")]
    assert len(set(made)) == 5


def test_a_misspelt_name_is_answered_with_the_nearest(people: People) -> None:
    people.add("Katharina")
    with pytest.raises(PersonNotFound) as caught:
        people.get("Katarina")
    assert caught.value.hint == "Did you mean Katharina?"


@pytest.mark.parametrize("slug", ["nobody", "..", "../people", "", "a/b"])
def test_an_unknown_slug_is_nobody(people: People, slug: str) -> None:
    with pytest.raises(PersonNotFound):
        people.by_slug(slug)


def test_renaming_keeps_folder_and_pictures(people: People) -> None:
    person = people.add("Anna", consent=SIGNED)
    capture(people, person, 2)
    renamed = people.rename("anna", "Anna Lee")
    assert (renamed.name, renamed.slug, renamed.consent) == ("Anna Lee", person.slug, SIGNED)
    assert renamed.pictures == 2
    assert names(people) == ["Anna Lee"]


def test_renaming_may_change_the_case_only(people: People) -> None:
    people.add("anna")
    assert people.rename("anna", "Anna").name == "Anna"


def test_renaming_to_another_persons_name_is_refused(people: People) -> None:
    people.add("Anna")
    people.add("Bob")
    with pytest.raises(NameTaken):
        people.rename("Bob", "anna")
    assert names(people) == ["Anna", "Bob"]


def test_a_former_name_can_be_given_again(people: People) -> None:
    first = people.add("Anna")
    people.rename("Anna", "Maria")
    assert people.add("Anna").slug != first.slug


def test_renaming_leaves_no_former_name_in_the_split_of_an_earlier_version(people: People) -> None:
    people.add("Anna")
    split_of(people.workspace, "anna", warnings=("Anna: only 2 pictures.", "Annabel: x"))
    people.rename("Anna", "Maria")
    split = json.loads(people.workspace.split_file.read_text())
    assert split["warnings"] == []


def test_pictures_are_listed_by_session_and_number(people: People) -> None:
    person = people.add("Anna")
    first, second = capture(people, person, 2), capture(people, person, 1)
    person = people.get("Anna")
    folder = people.workspace.people / person.slug
    assert people.pictures(person) == (
        folder / first / "0001.png",
        folder / first / "0002.png",
        folder / second / "0001.png",
    )
    assert all(path.is_file() for path in people.pictures(person))


def test_picture_ten_thousand_comes_last(people: People) -> None:
    person = people.add("Anna")
    folder = people.session_directory(person.slug, capture(people, person, 1))
    for number in (9999, 10000):
        (folder / f"{number:04d}.png").write_bytes(b"")
    assert people.get("Anna").sessions[0].pictures == ("0001.png", "9999.png", "10000.png")


def test_sessions_begun_in_the_same_second_are_distinct(people: People) -> None:
    person = people.add("Anna")
    sessions = [capture(people, person, 1) for _ in range(5)]
    assert len(set(sessions)) == 5
    assert [session.id for session in people.get("Anna").sessions] == sessions


def test_a_session_tells_source_and_start(people: People) -> None:
    person = people.add("Anna")
    capture(people, person, 1, source="rtsp://***@camera/1")
    session = people.get("Anna").sessions[0]
    assert session.source == "rtsp://***@camera/1"
    assert session.started.endswith("+00:00")


def test_a_session_without_pictures_is_not_shown(people: People) -> None:
    person = people.add("Anna")
    people.new_session(person, "0")
    assert people.get("Anna").sessions == ()


def test_the_revision_changes_with_the_pictures_only(people: People) -> None:
    person = people.add("Anna")
    capture(people, person, 2)
    before = people.get("Anna").revision
    assert people.rename("Anna", "Maria").revision == before
    capture(people, person, 1)
    after = people.get("Maria").revision
    assert after != before
    people.pictures(people.get("Maria"))[0].unlink()
    assert people.get("Maria").revision not in (before, after)


def test_a_picture_file_counts_whatever_the_session_file_says(people: People) -> None:
    person = people.add("Anna")
    folder = people.session_directory(person.slug, capture(people, person, 2))
    (folder / "0001.png").unlink()
    (folder / "0007.png").write_bytes(b"picture")
    assert people.get("Anna").sessions[0].pictures == ("0002.png", "0007.png")


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"source": 1}', b"\xff\xfe"])
def test_a_damaged_session_file_costs_no_picture(people: People, content: bytes | None) -> None:
    person = people.add("Anna")
    folder = people.session_directory(person.slug, capture(people, person, 2))
    (folder / "session.json").unlink()
    if content is not None:
        (folder / "session.json").write_bytes(content)
    session = people.get("Anna").sessions[0]
    assert (session.source, len(session.pictures)) == ("unknown", 2)
    assert session.started[:4].isdigit()


def test_unfinished_and_foreign_files_are_no_pictures(people: People) -> None:
    person = people.add("Anna")
    folder = people.session_directory(person.slug, capture(people, person, 1))
    for name in (".tmp-abc", "0002.jpg", "note.png", "x0003.png"):
        (folder / name).write_bytes(b"")
    assert people.get("Anna").sessions[0].pictures == ("0001.png",)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"name": 3, "created": ""}', b'{"name": "a/b", "created": ""}'],
)
def test_one_damaged_person_does_not_hide_the_others(people: People, content: bytes) -> None:
    people.add("Anna")
    people.add("Bob")
    path = people.workspace.people / "bob" / "person.json"
    path.write_bytes(content)
    assert names(people) == ["Anna"]
    assert [each.slug for each in people.unread()] == [path.parent.name]
    with pytest.raises(DataError) as caught:
        people.by_slug("bob")
    assert str(path) in str(caught.value)


def test_a_missing_person_file_counts_as_damage(people: People) -> None:
    people.add("Bob")
    path = people.workspace.people / "bob" / "person.json"
    path.unlink()
    assert [each.slug for each in people.unread()] == [path.parent.name]
    with pytest.raises(DataError):
        people.by_slug("bob")


def test_a_file_in_place_of_a_person_file_counts_as_damage(people: People) -> None:
    people.add("Anna")
    people.add("Bob")
    path = people.workspace.people / "bob" / "person.json"
    path.unlink()
    path.mkdir()
    assert names(people) == ["Anna"]
    assert [each.slug for each in people.unread()] == [path.parent.name]


def test_a_damaged_persons_folder_is_not_taken_over(people: People) -> None:
    person = people.add("Bob")
    capture(people, person, 1)
    (people.workspace.people / "bob" / "person.json").write_bytes(b"{")
    for take in (people.add, people.get):
        with pytest.raises(PersonUnreadable, match="bob"):
            take("Bob")
    assert [path.name for path in people.workspace.people.iterdir()] == ["bob"]


def test_whoever_asks_for_somebody_unknown_is_told_who_cannot_be_read(people: People) -> None:
    people.add("Bob")
    (people.workspace.people / "bob" / "person.json").write_bytes(b"{")
    with pytest.raises(PersonNotFound) as caught:
        people.get("Robert")  # as Bob may be called since
    assert "cannot be read: bob" in caught.value.hint


def test_the_name_of_somebody_who_can_be_read_comes_before_a_folder_of_that_name(
    people: People,
) -> None:
    people.add("Ann Lee")
    people.rename("Ann Lee", "Bob")
    other = people.add("Ann Lee")
    (people.workspace.people / "ann-lee" / "person.json").write_bytes(b"{")
    assert people.get("Ann Lee") == other


def test_tidying_goes_on_past_a_folder_that_this_user_may_not_read(
    people: People, powerless: None
) -> None:
    people.add("Anna")
    bob = people.add("Bob")
    people.new_session(bob, "clip.mp4")
    (people.workspace.people / "anna").chmod(0)
    assert len(people.tidy()) == 1
    (people.workspace.people / "anna").chmod(0o700)


def test_a_damaged_person_can_be_deleted_by_folder(people: People) -> None:
    people.add("Bob")
    (people.workspace.people / "bob" / "person.json").write_bytes(b"{")
    people.delete_slug("bob")
    assert people.unread() == ()


def test_deleting_removes_every_trace(people: People) -> None:
    workspace = people.workspace
    anna, bob = people.add("Anna"), people.add("Bob")
    capture(people, anna, 2)
    capture(people, bob, 2)
    for slug in ("anna", "bob"):
        (workspace.features / "d1g35t" / slug).mkdir(parents=True)
        (workspace.features / "d1g35t" / slug / "s.npz").write_bytes(b"rows")
    split_of(workspace, "anna", "bob", warnings=("Anna: few.", "Bob: few."))

    people.delete_slug("anna")

    left = {path.relative_to(workspace.root).parts for path in workspace.root.rglob("*")}
    assert not [parts for parts in left if "anna" in parts or parts[-1].startswith(".tmp-")]
    assert "Anna" not in workspace.split_file.read_text()
    split = json.loads(workspace.split_file.read_text())
    assert split == {"people": {"bob": {}}, "warnings": []}
    assert people.get("Bob").pictures == 2


def test_what_is_no_folder_of_a_person_is_not_deleted(people: People) -> None:
    with pytest.raises(PersonNotFound):
        people.delete_slug("../anna")


def test_a_damaged_split_does_not_prevent_a_deletion(people: People) -> None:
    people.add("Anna")
    people.workspace.split_file.write_text("{")
    people.delete_slug("anna")
    assert names(people) == []


def test_a_deletion_cut_short_is_finished_by_recovery(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = people.workspace
    capture(people, people.add("Anna"), 2)
    (workspace.features / "d1g35t" / "anna").mkdir(parents=True)
    split_of(workspace, "anna")

    def power_cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.workspace.files.shutil.rmtree", power_cut)
        with pytest.raises(KeyboardInterrupt):
            people.delete_slug("anna")
    assert names(people) == []
    workspace.recover()
    people.tidy()
    assert list(workspace.people.iterdir()) == []
    assert list((workspace.features / "d1g35t").iterdir()) == []
    assert json.loads(workspace.split_file.read_text())["people"] == {}


def test_tidying_removes_only_what_belongs_to_nobody(people: People) -> None:
    workspace = people.workspace
    anna = people.add("Anna")
    kept = capture(people, anna, 1)
    empty = people.new_session(anna, "0")
    for slug in ("anna", "ghost"):
        (workspace.features / "d1g35t" / slug).mkdir(parents=True)
    split_of(workspace, "anna", "ghost")
    removed = people.tidy()
    assert removed == (f"people/anna/{empty}", "features/d1g35t/ghost", "split.json: ghost")
    assert [session.id for session in people.get("Anna").sessions] == [kept]
    assert (workspace.features / "d1g35t" / "anna").is_dir()
    assert people.tidy() == ()


def test_an_empty_person_is_discarded(people: People) -> None:
    person = people.add("Anna")
    people.new_session(person, "0")
    assert people.discard_if_empty(person)
    assert names(people) == []


def test_a_person_with_a_picture_is_not_discarded(people: People) -> None:
    person = people.add("Anna")
    capture(people, person, 1)
    assert not people.discard_if_empty(person)
    assert names(people) == ["Anna"]


@pytest.mark.parametrize("session", ["..", "a/b", "", ".hidden"])
def test_a_session_folder_never_leaves_the_person(people: People, session: str) -> None:
    with pytest.raises(DataError):
        people.session_directory("anna", session)


def test_a_linked_folder_is_nobody(people: People, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (people.workspace.people / "link").symlink_to(tmp_path / "elsewhere")
    assert people.list() == ()
    assert people.add("Link").slug != "link"


def test_everything_written_is_private(people: People) -> None:
    capture(people, people.add("Anna"), 1)
    for path in people.workspace.people.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_an_unreadable_registry_is_reported(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("engine.workspace.identity.os.scandir", denied)
    with pytest.raises(WorkspaceUnusable):
        people.list()


def test_the_registry_loads_no_heavy_library() -> None:
    code = (
        "import sys, engine.people.registry, engine.people.picture_records, engine.dataset.split\n"
        "print([m for m in ('numpy', 'cv2', 'PIL', 'tensorflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

"""Writing one session to real folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.contract.errors import DiskFull
from engine.people.person import Person
from engine.people.picture_records import PictureRecord, SessionWriter, read_records
from engine.people.registry import People
from engine.workspace.folder import Workspace


@pytest.fixture
def people(workspace: Workspace) -> People:
    return People(workspace)


@pytest.fixture
def anna(people: People) -> Person:
    return people.add("Anna")


@pytest.fixture
def writer(people: People, anna: Person) -> SessionWriter:
    return SessionWriter(people, anna, "clip.mp4", 10)


def add(writer: SessionWriter, frame: int, content: bytes = b"picture") -> str:
    return writer.add(
        content,
        PictureRecord(
            frame=frame,
            seconds=frame / 30,
            box=(10, 20, 100, 110),
            eyes_found=frame % 2 == 0,
            brightness=120.5,
            sharpness=80.25,
            label="é.jpg",
        ),
    )


def test_a_session_without_a_picture_leaves_no_folder(
    writer: SessionWriter, people: People, anna: Person
) -> None:
    writer.close("stopped", {"no_face": 9})
    assert writer.session == ""
    assert [p.name for p in (people.workspace.people / anna.slug).iterdir()] == ["person.json"]


def test_pictures_are_numbered_and_on_disk_at_once(writer: SessionWriter) -> None:
    assert [add(writer, 3, b"one"), add(writer, 7, b"two")] == ["0001.png", "0002.png"]
    assert (writer.folder / "0001.png").read_bytes() == b"one"
    assert (writer.folder / "0002.png").read_bytes() == b"two"


def test_a_second_session_overwrites_nothing(
    writer: SessionWriter, people: People, anna: Person
) -> None:
    add(writer, 1, b"first")
    other = SessionWriter(people, anna, "clip.mp4")
    add(other, 1, b"second")
    assert (writer.folder / "0001.png").read_bytes() == b"first"
    assert (other.folder / "0001.png").read_bytes() == b"second"


def test_the_end_is_written_down(writer: SessionWriter) -> None:
    add(writer, 1)
    writer.close("source_ended", {"too_dark": 2, "blurred": 1})
    body = json.loads((writer.folder / "session.json").read_text())
    assert body["id"] == writer.session
    assert (body["source"], body["target"], body["captured"]) == ("clip.mp4", 10, 1)
    assert (body["outcome"], body["refused"]) == ("source_ended", {"blurred": 1, "too_dark": 2})
    assert body["started"] <= body["ended"]


def test_details_come_back_as_they_were_written(writer: SessionWriter) -> None:
    add(writer, 3)
    add(writer, 4)
    assert read_records(writer.folder)[1] == PictureRecord(
        file="0002.png",
        frame=4,
        seconds=4 / 30,
        box=(10, 20, 100, 110),
        eyes_found=True,
        brightness=120.5,
        sharpness=80.25,
        label="é.jpg",
    )


def test_a_line_cut_short_costs_only_its_own_details(writer: SessionWriter) -> None:
    for frame in range(3):
        add(writer, frame)
    path = writer.folder / "pictures.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert [record.file for record in read_records(writer.folder)] == ["0001.png", "0002.png"]


@pytest.mark.parametrize(
    "line", [b"", b"3", b"[]", b"{}", b"\xff", b'{"file": "0001.png", "box": 3}']
)
def test_foreign_lines_are_skipped(writer: SessionWriter, line: bytes) -> None:
    add(writer, 1)
    path = writer.folder / "pictures.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert [record.frame for record in read_records(writer.folder)] == [1]


def test_details_of_a_lost_picture_are_left_out(writer: SessionWriter) -> None:
    add(writer, 1)
    add(writer, 2)
    (writer.folder / "0001.png").unlink()
    assert [record.file for record in read_records(writer.folder)] == ["0002.png"]


def test_a_folder_without_details_has_none(tmp_path: Path) -> None:
    assert read_records(tmp_path) == ()


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.workspace.files.os.fsync", full)


def test_a_full_disk_at_the_first_picture_leaves_no_session(
    writer: SessionWriter, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch)
    with pytest.raises(DiskFull):
        add(writer, 1)
    assert people.get("Anna").sessions == ()
    assert not list(people.workspace.people.rglob("*.png"))


def test_a_full_disk_later_keeps_what_was_captured(
    writer: SessionWriter, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(writer, 1)
    with monkeypatch.context() as patch:
        full_disk(patch)
        with pytest.raises(DiskFull):
            add(writer, 2)
    assert people.get("Anna").sessions[0].pictures == ("0001.png",)
    assert add(writer, 3) == "0002.png"


def test_discarding_removes_the_session_only(
    writer: SessionWriter, people: People, anna: Person
) -> None:
    add(SessionWriter(people, anna, "earlier"), 1)
    add(writer, 1)
    writer.discard()
    assert [session.source for session in people.get("Anna").sessions] == ["earlier"]
    assert (writer.session, writer.captured) == ("", 0)


def rows_of(writer: SessionWriter, slug: str) -> Path:
    """A file of features as made while the session is under way."""
    workspace = writer.folder.parents[2]
    file = workspace / "features" / "digest" / slug / f"{writer.session}.space-1.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_discarding_removes_the_features_that_were_made_meanwhile(
    writer: SessionWriter, anna: Person
) -> None:
    add(writer, 1)
    file = rows_of(writer, anna.slug)
    other = file.with_name("20200101T000000Z.npz")
    for each in (file, other):
        each.write_bytes(b"rows")
    writer.discard()
    assert [path.name for path in file.parent.iterdir()] == [other.name]


def test_features_go_with_a_session_that_becomes_another_persons(
    people: People, writer: SessionWriter, anna: Person
) -> None:
    add(writer, 1)
    file = rows_of(writer, anna.slug)
    file.write_bytes(b"rows")
    berta = people.add("Berta")
    writer.reassign(berta)
    assert not file.exists()
    assert rows_of(writer, berta.slug).read_bytes() == b"rows"

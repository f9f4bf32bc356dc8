"""Names from CSV files and folders onto the roster."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import DataError, UsageError
from engine.people import roster
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People
from engine.people.roster import rows
from engine.workspace.files import write_json
from engine.workspace.folder import Workspace
from tui.words.tables import Sheet


def names(workspace: Workspace) -> list[str]:
    return [entry.name for entry in roster.entries(workspace)]


def csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "names.csv"
    path.write_bytes(text.encode(encoding))
    return path


def enrol(workspace: Workspace, name: str) -> None:
    people = People(workspace)
    writer = SessionWriter(people, people.add(name), "0")
    writer.add(
        b"x",
        PictureRecord(
            frame=1, seconds=0, box=(0, 0, 9, 9), eyes_found=True, brightness=1, sharpness=1
        ),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_column_called_name_is_taken_whatever_parts_the_columns(
    workspace: Workspace, tmp_path: Path, delimiter: str
) -> None:
    rows = (("id", "Name", "Consent"), ("1", "Ada Lovelace", "2026-11-24"), ("2", "Zoë", ""))
    text = "\r\n".join(delimiter.join(row) for row in rows)
    roster.add(workspace, csv(tmp_path, text, "utf-8-sig"))
    assert names(workspace) == ["Ada Lovelace", "Zoë"]
    noted = roster.consent_for(workspace, "ADA LOVELACE")
    assert noted is not None
    assert noted.by == "roster: 2026-11-24"
    assert roster.consent_for(workspace, "Zoë") is None


def test_without_a_header_the_first_column_is_taken(workspace: Workspace, tmp_path: Path) -> None:
    roster.add(workspace, csv(tmp_path, "Ada\nGrace\n"))
    assert names(workspace) == ["Ada", "Grace"]


def test_formulas_and_control_characters_do_not_come_in(
    workspace: Workspace, tmp_path: Path
) -> None:
    added = roster.add(workspace, csv(tmp_path, "name\n=Ada\n@Grace\x1b\na/b\n"))
    assert names(workspace) == ["Ada", "Grace"]
    assert "a/b" in added.notes[0]


def test_duplicates_and_people_who_are_enrolled_are_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    enrol(workspace, "Ada")
    added = roster.add(workspace, csv(tmp_path, "name\nADA\nGrace\ngrace\n"))
    assert added.names == ("Grace",)
    assert added.notes == (
        "ADA is enrolled already, as Ada",
        "grace is on the roster already",
    )


def test_a_folder_gives_the_names_of_its_folders_or_else_of_its_files(
    workspace: Workspace, tmp_path: Path
) -> None:
    files, folders = tmp_path / "files", tmp_path / "folders"
    for path in (files, folders / "Grace_Hopper"):
        path.mkdir(parents=True)
    (files / "Ada_Lovelace.jpg").touch()
    (folders / "readme.txt").touch()
    roster.add(workspace, files)
    roster.add(workspace, folders)
    assert names(workspace) == ["Ada Lovelace", "Grace Hopper"]


def test_a_name_is_done_as_soon_as_its_person_has_pictures(
    workspace: Workspace, tmp_path: Path
) -> None:
    roster.add(workspace, csv(tmp_path, "Ada\nGrace\n"))
    enrol(workspace, "ada")
    assert [(row.name, row.done) for row in rows(workspace)] == [
        ("Ada", True),
        ("Grace", False),
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_what_cannot_be_read_is_one_sentence(
    workspace: Workspace, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "names.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="No names could be read"):
        roster.add(workspace, path)


def test_a_cleared_roster_is_empty(workspace: Workspace, tmp_path: Path) -> None:
    roster.add(workspace, csv(tmp_path, "Ada\n"))
    assert roster.clear(workspace) == 1
    assert names(workspace) == []


@pytest.mark.parametrize("body", [[], "x", {"names": 5}, {"names": ["Ada"]}, {"names": [[]]}])
def test_a_roster_that_is_none_is_damaged_and_can_be_cleared(
    workspace: Workspace, body: object
) -> None:
    write_json(workspace.root / roster.FILE, body)
    with pytest.raises(DataError, match="roster is damaged"):
        roster.entries(workspace)
    assert roster.clear(workspace) == 0


def test_names_come_back_from_the_apps_own_csv_file_as_they_went(
    workspace: Workspace, tmp_path: Path
) -> None:
    went = ("=1+1 Ada", "@Grace", "-Mary", "'t Hooft", "'=Eve", "Ann, Lee")
    file = Sheet("people", ("name",), tuple((name,) for name in went)).file()
    roster.add(workspace, csv(tmp_path, file))
    assert names(workspace) == list(went)

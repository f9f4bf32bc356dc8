"""The commands about people's rights: consent, erase, export, import, purge."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.people.registry import People
from engine.pictures import encode_png
from engine.workspace.folder import Workspace
from tui.cli import main

Facedesk = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def facedesk(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> Facedesk:
    """Runs a command on the workspace with --json; its lines."""

    def command(*arguments: str) -> list[dict[str, Any]]:
        main([*arguments, "--workspace", str(workspace.root), "--json"])
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    return command


@pytest.fixture
def ada(workspace: Workspace) -> str:
    """Ada Lovelace with two pictures."""
    people = People(workspace)
    person = people.add("Ada Lovelace")
    folder = people.session_directory(person.slug, people.new_session(person, "clip.mp4"))
    for number in (1, 2):
        crop = np.full((160, 160, 3), number, np.uint8)
        (folder / f"{number:04d}.png").write_bytes(encode_png(crop))
    return person.name


def test_erase_prints_the_receipt_and_nobody_is_left(
    facedesk: Facedesk, workspace: Workspace, ada: str
) -> None:
    (done,) = facedesk("people", "erase", ada, "--by", "Desk one", "--yes")
    assert (done["event"], done["name"], done["by"]) == ("done", ada, "Desk one")
    assert done["removed"]["pictures"] == 2
    assert done["left"] == []
    assert ada not in Path(done["file"]).read_text()
    assert People(workspace).list() == ()


def test_erase_of_nobody_is_an_error_of_the_data_and_claims_no_erasing(
    facedesk: Facedesk, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        facedesk("people", "erase", "Nobody", "--yes")
    assert ended.value.code == 4
    assert "Erasing" not in capfd.readouterr().err


def test_export_and_import_take_a_person_elsewhere(
    facedesk: Facedesk, workspace: Workspace, ada: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "ada.zip")
    (exported,) = facedesk("people", "export", ada, file)
    assert (exported["pictures"], exported["file"]) == (2, file)
    facedesk("people", "erase", ada, "--yes")
    (taken,) = facedesk("people", "import", file, "--consent", "Desk two")
    assert (taken["name"], taken["pictures"], taken["sentence"]) == (ada, 2, "")
    (person,) = facedesk("people", "show", ada)
    assert person["consent"]["by"] == "Desk two"
    assert person["consent_state"] == "given"


def test_the_list_tells_how_consent_stands(
    facedesk: Facedesk, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert facedesk("people", "list")[0]["consent"] == "none"
    facedesk("people", "consent", ada, "--by", "Desk one")
    assert facedesk("people", "list")[0]["consent"] == "given"
    monkeypatch.setenv("FACEDESK_CONSENT__TEXT_VERSION", "2")
    assert facedesk("people", "list")[0]["consent"] == "outdated"
    facedesk("people", "consent", ada, "--withdraw")
    assert facedesk("people", "list")[0]["consent"] == "withdrawn"


def test_an_older_consent_is_told_in_words(
    workspace: Workspace,
    facedesk: Facedesk,
    ada: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facedesk("people", "consent", ada, "--by", "Desk one")
    monkeypatch.setenv("FACEDESK_CONSENT__TEXT_VERSION", "2")
    main(["people", "show", ada, "--workspace", str(workspace.root)])
    assert "Agreed to text 1, the present one is 2." in capfd.readouterr().out


def test_purge_tells_and_removes_the_same(
    facedesk: Facedesk, workspace: Workspace, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facedesk("people", "delete", ada, "--yes")
    (kept,) = workspace.trash.iterdir()
    old = kept.rename(workspace.trash / "20200101-000000-001")
    *due, done = facedesk("purge", "--dry-run")
    assert due == [{"event": "due", "kind": "trash", "path": f"trash/{old.name}"}]
    assert (done["dry_run"], done["removed"], old.exists()) == (True, {"trash": 1}, True)
    (done,) = facedesk("purge")
    assert (done["removed"], old.exists()) == ({"trash": 1}, False)


def test_people_not_seen_for_long_go_only_when_it_is_said(
    facedesk: Facedesk, workspace: Workspace, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDESK_RETENTION__PEOPLE_DAYS", "30")
    year = f'"{People(workspace).get(ada).created[:4]}-'
    for file in (workspace.people / "ada-lovelace").rglob("*.json"):
        file.write_text(file.read_text().replace(year, '"2020-'))
    listed, done = facedesk("purge", "--people")
    assert (listed["name"], listed["since"][:4], done["deleted"]) == (ada, "2020", False)
    assert People(workspace).list()
    *_rest, done = facedesk("purge", "--people", "--yes")
    assert done["deleted"]
    assert People(workspace).list() == ()
    facedesk("trash", "undo")
    assert People(workspace).get(ada).pictures == 2


def test_yes_without_people_is_a_mistake(facedesk: Facedesk) -> None:
    with pytest.raises(SystemExit) as ended:
        facedesk("purge", "--yes")
    assert ended.value.code == 2


def test_refused_without_consent_an_import_takes_nothing(
    facedesk: Facedesk, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDESK_CONSENT__REQUIRED", "refuse")
    (tmp_path / "photos" / "Bob").mkdir(parents=True)
    picture = encode_png(np.zeros((160, 160, 3), np.uint8))
    (tmp_path / "photos" / "Bob" / "1.png").write_bytes(picture)
    with pytest.raises(SystemExit) as ended:
        facedesk("import", str(tmp_path / "photos"))
    assert ended.value.code == 4
    assert People(workspace).list() == ()


def test_the_list_names_who_cannot_be_read_and_ends_as_trouble_with_data(
    facedesk: Facedesk, workspace: Workspace, ada: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (workspace.people / "ada-lovelace" / "person.json").write_bytes(b"")
    for command in ("list", "export"):
        arguments = ["people", command, *([ada, "ada.zip"] if command == "export" else [])]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--workspace", str(workspace.root)])
        assert ended.value.code == 4
        assert "cannot be read: ada-lovelace" in capfd.readouterr().err
    (done,) = facedesk("people", "erase", "ada-lovelace", "--yes")
    assert done["removed"]["pictures"] == 2
    assert facedesk("people", "list") == [{"event": "done", "people": 0}]


def test_no_stranger_is_not_said_where_one_cannot_be_read(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    (workspace.strangers / "postman").mkdir()
    with pytest.raises(SystemExit) as ended:
        main(["strangers", "list", "--workspace", str(workspace.root)])
    assert ended.value.code == 4
    out, err = capfd.readouterr()
    assert "No strangers yet" not in out
    assert "stranger of yours cannot be read: postman" in err


@pytest.mark.parametrize(
    "line",
    [
        ("--all",),
        ("--trash", "--unknown"),
        ("--trash", "--all", "--dry-run"),
        ("--people", "--all"),
    ],
)
def test_purge_refuses_options_that_do_not_go_together(
    facedesk: Facedesk, line: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        facedesk("purge", *line)
    assert ended.value.code == 2


def test_purge_removes_only_what_it_is_asked_for(facedesk: Facedesk, ada: str) -> None:
    facedesk("people", "delete", ada, "--yes")
    (done,) = facedesk("purge", "--unknown", "--all", "--yes")
    assert done["removed"] == {}
    (done,) = facedesk("purge", "--trash")
    assert done["removed"] == {}
    (done,) = facedesk("purge", "--trash", "--all", "--yes")
    assert done["removed"] == {"trash": 1}

"""What the command line does stands in the audit log, in order, and the log can be checked."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
ADA, GRACE = "Ada Lovelace", "Grace Hopper"


@pytest.fixture(scope="module")
def used(facedesk: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which an operator did a little of everything that needs no network model."""
    folder = tmp_path_factory.mktemp("audited")
    for name, picture in ((ADA, "collins.png"), (GRACE, "hopper.jpg")):
        (folder / "photos" / name).mkdir(parents=True)
        shutil.copy(DEMO / picture, folder / "photos" / name)
    workspace = folder / "workspace"
    for words in (
        ("import", folder / "photos"),
        ("people", "consent", ADA, "--by", "the desk"),
        ("people", "rename", ADA, "Ada King"),
        ("unknown", "on"),
        ("split",),
        ("export", "--keras-folders", folder / "exported"),
        ("people", "consent", "Ada King", "--withdraw"),
        ("people", "delete", GRACE, "--yes"),
        ("trash", "undo"),
        ("people", "merge", GRACE, "Ada King"),
        ("purge", "--trash", "--all", "--yes"),
    ):
        run = facedesk(*words, "--workspace", workspace)
        assert run.code == 0, (words, run.err)
    return workspace


def test_every_action_of_the_command_line_is_one_entry(facedesk: Any, used: Path) -> None:
    run = facedesk("audit", "list", "--json", "--workspace", used)
    ids = list(dict.fromkeys(item["id"] for item in run.named("audit") if "id" in item))
    names = dict(zip(ids, ("ada-lovelace", "grace-hopper"), strict=True))
    told = [(item["action"], names.get(item.get("id"), "")) for item in run.named("audit")]
    begun = [each for each in told if each[0] == "began"]
    ends = [each for each in told if each[0] not in ("began", "log-begun", "settings-changed")]
    assert [who for _began, who in begun] == [who for _action, who in ends]
    assert [each for each in told if each[0] != "began"] == [
        ("log-begun", ""),
        ("settings-changed", ""),
        ("pictures-imported", "ada-lovelace"),
        ("pictures-imported", "grace-hopper"),
        ("consent-noted", "ada-lovelace"),
        ("person-renamed", "ada-lovelace"),
        ("inbox-switched", ""),
        ("split-made", ""),
        ("exported", "ada-lovelace"),
        ("exported", "grace-hopper"),
        ("consent-withdrawn", "ada-lovelace"),
        ("person-trashed", "grace-hopper"),
        ("change-undone", "grace-hopper"),
        ("person-merged", "grace-hopper"),
        ("person-merged", "ada-lovelace"),
        ("purged", ""),
    ]


def test_entries_of_one_person_are_found_by_the_present_name(facedesk: Any, used: Path) -> None:
    run = facedesk("audit", "list", "--person", "Ada King", "--json", "--workspace", used)
    assert {item["name"] for item in run.named("audit")} == {"Ada King"}
    told = Counter(item["action"] == "began" for item in run.named("audit"))
    assert told == {True: 11, False: 11}, "each begun, and done; with those of who was merged in"


def test_entries_before_a_date_are_left_out(facedesk: Any, used: Path) -> None:
    run = facedesk("audit", "list", "--since", "2999-01-01", "--json", "--workspace", used)
    assert run.done["entries"] == 0
    assert facedesk("audit", "list", "--since", "soon", "--workspace", used).code == 2


def test_no_name_stands_in_the_log(used: Path) -> None:
    log = (used / "audit" / "audit.jsonl").read_bytes().lower()
    # Not "ada": its letters are hexadecimal digits, and the log is full of those.
    assert not [word for word in (b"lovelace", b"king", b"grace", b"hopper") if word in log]


def test_a_whole_log_passes_and_knows_a_hash_noted_earlier(facedesk: Any, used: Path) -> None:
    noted = facedesk("audit", "head", "--json", "--workspace", used).done["hash"]
    assert facedesk("audit", "verify", "--noted", noted, "--workspace", used).code == 0
    run = facedesk("audit", "verify", "--noted", "0" * 64, "--workspace", used)
    assert (run.code, "written anew" in run.err) == (4, True)


def test_a_changed_log_fails_with_the_entrys_number(
    facedesk: Any, used: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "workspace"
    shutil.copytree(used, copied)
    log = copied / "audit" / "audit.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    run = facedesk("audit", "verify", "--workspace", copied)
    assert (run.code, "entry 5: removed" in run.err) == (4, True)

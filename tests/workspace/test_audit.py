from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path

import pytest

from engine.contract.errors import DiskFull, WorkspaceUnusable
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import START, parsed
from engine.workspace.folder import Workspace
from engine.workspace.vault import convert
from engine.workspace.vault.keys import make_key_file


@pytest.fixture
def audit(workspace: Workspace) -> Audit:
    return Audit(workspace)


def written(audit: Audit, count: int = 4) -> list[bytes]:
    """A log of so many entries behind its first one; its lines."""
    for number in range(count):
        audit.note("split-made", pictures=number)
    return audit.file.read_bytes().splitlines(keepends=True)


def put(audit: Audit, lines: list[bytes]) -> None:
    audit.file.write_bytes(b"".join(lines))


def test_the_first_entry_begins_the_log_with_a_random_id(audit: Audit, tmp_path: Path) -> None:
    other = Audit(Workspace(tmp_path / "other"))
    begun = []
    for each in (audit, other):
        each.note("trained", model="m")
        first = each.entries()[0]
        assert (first.number, first.action, first.prev) == (1, "log-begun", START)
        begun.append(first.details["log"])
    assert begun[0] != begun[1]


def test_an_entry_says_who_when_what_and_about_whom(audit: Audit) -> None:
    entry = audit.note("enrolled", "ada", pictures=12)
    assert entry.action == "enrolled"
    assert entry.details == {"pictures": 12}
    assert entry.by["uid"] == os.getuid()
    assert entry.by["user"]
    assert entry.at.endswith("Z")
    assert audit.subjects()[entry.subject] == "ada"


def test_a_person_has_one_pseudonym_in_all_entries(audit: Audit) -> None:
    first, other, again = (audit.note("enrolled", slug) for slug in ("ada", "bob", "ada"))
    assert first.subject == again.subject != other.subject


def test_no_name_stands_in_the_log(audit: Audit) -> None:
    audit.note("enrolled", "ada-lovelace")
    assert b"lovelace" not in audit.file.read_bytes()


def test_forgetting_a_person_leaves_nothing_that_links_them(
    audit: Audit, workspace: Workspace
) -> None:
    entry = audit.note("enrolled", "ada-lovelace")
    assert audit.forget("ada-lovelace")
    assert audit.entries()[-1].action == "pseudonymised"
    assert entry.subject not in audit.subjects()
    for path in workspace.audit.iterdir():
        assert b"ada-lovelace" not in path.read_bytes()
    assert audit.note("enrolled", "ada-lovelace").subject != entry.subject
    assert audit.verify().fault is None


def test_nothing_to_forget_is_no_entry(audit: Audit) -> None:
    assert not audit.forget("nobody")
    assert audit.entries() == ()


def test_an_untouched_log_is_whole(audit: Audit) -> None:
    written(audit)
    verdict = audit.verify()
    head = audit.head()
    assert head is not None
    assert (verdict.fault, verdict.entries, verdict.hash) == (None, 5, head.hash)


def test_a_log_that_was_never_begun_is_whole(audit: Audit) -> None:
    assert (audit.verify().fault, audit.verify().entries) == (None, 0)


@pytest.mark.parametrize("victim", [0, 2, 4])
def test_a_changed_value_is_found_by_its_number(audit: Audit, victim: int) -> None:
    lines = written(audit)
    body = json.loads(lines[victim])
    body["by"]["user"] = "somebody else"
    lines[victim] = json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    put(audit, lines)
    assert (audit.verify().fault, audit.verify().bad) == ("changed", victim + 1)


def test_every_changed_byte_is_found(audit: Audit) -> None:
    lines = written(audit, 2)
    whole = b"".join(lines)
    for place in range(0, len(whole), 7):
        audit.file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert audit.verify().fault is not None, place


def test_a_removed_entry_is_found_by_its_number(audit: Audit) -> None:
    lines = written(audit)
    put(audit, lines[:2] + lines[3:])
    assert (audit.verify().fault, audit.verify().bad) == ("removed", 3)


def test_an_entry_put_in_twice_is_found(audit: Audit) -> None:
    lines = written(audit)
    put(audit, [*lines[:3], lines[1], *lines[3:]])
    assert (audit.verify().fault, audit.verify().bad) == ("inserted", 2)


def test_swapped_entries_are_found(audit: Audit) -> None:
    lines = written(audit)
    lines[2], lines[3] = lines[3], lines[2]
    put(audit, lines)
    assert (audit.verify().fault, audit.verify().bad) == ("reordered", 3)


def test_an_entry_made_anew_with_a_fitting_hash_breaks_the_chain(audit: Audit) -> None:
    from engine.workspace.audit_chain import sealed

    lines = written(audit)
    entry = parsed(lines[2].rstrip(b"\n"))
    assert entry is not None
    forged = sealed(**{**entry.body(), "details": {"pictures": 999}})
    lines[2] = forged.line() + b"\n"
    put(audit, lines)
    assert (audit.verify().fault, audit.verify().bad) == ("changed", 3)


def test_a_log_cut_at_its_end_is_found_by_its_head(audit: Audit) -> None:
    lines = written(audit)
    put(audit, lines[:3])
    assert (audit.verify().fault, audit.verify().bad) == ("truncated", 4)


def test_a_cut_log_shows_it_for_good_when_it_goes_on(audit: Audit) -> None:
    lines = written(audit)
    put(audit, lines[:3])
    audit.note("trained", model="m")
    assert (audit.verify().fault, audit.verify().bad) == ("removed", 4)


def test_a_log_that_was_removed_shows_it_when_it_goes_on(audit: Audit) -> None:
    written(audit)
    audit.file.unlink()
    audit.note("trained", model="m")
    assert (audit.verify().fault, audit.verify().bad) == ("removed", 1)


@pytest.mark.parametrize("head", [None, "", "[]", '{"count": Infinity, "hash": "", "size": 0}'])
def test_without_its_head_nobody_can_say_that_the_end_is_there(
    audit: Audit, workspace: Workspace, head: str | None
) -> None:
    written(audit)
    if head is None:
        (workspace.audit / "head.json").unlink()
    else:
        (workspace.audit / "head.json").write_text(head)
    assert audit.verify().fault == "truncated"
    audit.note("trained", model="m")
    assert audit.verify().fault is None
    assert len(audit.verify().remarks) == 1


def test_a_line_torn_by_a_power_cut_is_removed_and_noted(audit: Audit) -> None:
    lines = written(audit)
    put(audit, [*lines, lines[-1][:40]])
    audit.note("trained", model="m")
    actions = [entry.action for entry in audit.entries()]
    assert actions[-2:] == ["log-recovered", "trained"]
    assert audit.entries()[-2].details == {"torn_bytes": 40, "head_lost": False}
    assert audit.verify().fault is None


def test_an_entry_whose_head_was_not_written_any_more_counts(
    audit: Audit, workspace: Workspace
) -> None:
    written(audit)
    before = (workspace.audit / "head.json").read_bytes()
    audit.note("trained", model="m")
    (workspace.audit / "head.json").write_bytes(before)  # the power went between the two
    audit.note("promoted", model="m")
    assert [entry.number for entry in audit.entries()] == [1, 2, 3, 4, 5, 6, 7]
    assert audit.verify().fault is None


def full_disk(monkeypatch: pytest.MonkeyPatch, audit: Audit, room: Path) -> None:
    """Appends fail while `room` is there, as on a disk whose last bytes it takes."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if room.exists() and os.readlink(f"/proc/self/fd/{handle}") == str(audit.file):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("at", ["1e+300", "0001-01-01T00:00:00Z", "2026-11-27T00:00:00"])
def test_a_time_that_is_none_in_the_head_hinders_no_entry(audit: Audit, at: str) -> None:
    written(audit)
    head = audit.file.with_name("head.json")
    head.write_text(json.dumps({**json.loads(head.read_text()), "at": at}))
    audit.note("trained", model="m")
    assert audit.entries()[-1].action == "trained"
    assert audit.verify().fault is None


def test_an_entry_finds_room_on_a_full_disk(
    audit: Audit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.ready()
    full_disk(monkeypatch, audit, workspace.audit / "reserve")
    assert audit.note("trained", model="m").number == 2
    assert audit.verify().fault is None


def test_without_the_reserve_a_full_disk_is_an_error_and_leaves_no_half_line(
    audit: Audit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = written(audit)
    full_disk(monkeypatch, audit, workspace.root)
    with pytest.raises(DiskFull):
        audit.note("trained", model="m")
    assert audit.file.read_bytes().splitlines(keepends=True) == lines


def test_what_cannot_be_noted_is_refused_before_it_begins(
    audit: Audit, workspace: Workspace
) -> None:
    audit.file.mkdir(parents=True)
    with pytest.raises(WorkspaceUnusable):
        audit.ready()


def test_the_files_are_private(audit: Audit, workspace: Workspace) -> None:
    before = os.umask(0)
    try:
        audit.ready()
        audit.note("enrolled", "ada")
    finally:
        os.umask(before)
    assert workspace.audit.stat().st_mode & 0o777 == 0o700
    files = [workspace.root / ".audit.lock", *workspace.audit.iterdir()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_settings_are_noted_when_they_differ_from_the_last(audit: Audit) -> None:
    for days in (7, 7, 3, 3, 7):
        audit.note_settings({"unknown.days": days})
    noted = [e.details["unknown.days"] for e in audit.entries() if e.action == "settings-changed"]
    assert noted == [7, 3, 7]


def test_processes_that_write_at_once_make_one_chain(audit: Audit, workspace: Workspace) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from engine.workspace.folder import Workspace;"
        "from engine.workspace.audit import Audit; a = Audit(Workspace(Path(sys.argv[1])));"
        "[a.note('split-made', pictures=n) for n in range(20)]"
    )
    command = [sys.executable, "-c", code, str(workspace.root)]
    repository = Path(__file__).resolve().parents[2]
    writers = [subprocess.Popen(command, cwd=repository) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert audit.verify().entries == 61
    assert audit.verify().fault is None


def test_encryption_and_back_leave_the_chain_whole_and_sealed_in_between(
    audit: Audit, workspace: Workspace, tmp_path: Path
) -> None:
    written(audit)
    opener = make_key_file(tmp_path / "key")
    convert.create(workspace, opener)
    audit.note("trained", model="m")
    assert b"trained" not in audit.file.read_bytes()
    assert audit.entries()[-1].action == "trained"
    assert audit.verify().fault is None
    convert.remove(workspace, opener)
    assert audit.note("promoted", model="m").number == len(audit.entries())
    assert (audit.verify().fault, audit.verify().remarks) == (None, ())


@pytest.mark.parametrize("file", ["head.json", "audit.jsonl", "keys.json", "."])
def test_a_log_that_may_not_be_read_is_not_told_as_lost(
    audit: Audit, workspace: Workspace, powerless: None, file: str
) -> None:
    audit.note("trained", "0123456789abcdef", model="m")
    written(audit)
    before = audit.file.read_bytes()
    denied = workspace.audit / file
    mode = denied.stat().st_mode
    denied.chmod(0)
    with pytest.raises(WorkspaceUnusable, match="has mode 0000"):
        audit.note("trained", "0123456789abcdef", model="m")
    for look in (audit.verify, audit.ready):
        with contextlib.suppress(WorkspaceUnusable):
            look()
    denied.chmod(mode)
    assert audit.file.read_bytes() == before
    assert audit.verify().fault is None

"""Encrypting a workspace in place and back; nothing is lost wherever it is cut short."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from whole_workspace import OPENER, SECRET, everything, on_disk

from engine.cancel import Cancel
from engine.contract.errors import Cancelled, SealBroken, VaultError, VaultLocked, WrongKey
from engine.workspace import files
from engine.workspace.files import append_line, read_bytes, read_lines, write_bytes, write_json
from engine.workspace.folder import Workspace
from engine.workspace.vault import convert, opened
from engine.workspace.vault.convert import Survey, survey, verify
from engine.workspace.vault.keys import Opener, open_with, read_record

OTHER = Opener("key-file", bytes(32))


def unlock(workspace: Workspace, opener: Opener = OPENER) -> None:
    record = read_record(workspace.root)
    assert record is not None
    open_with(workspace.root, record, opener)


def test_after_create_every_file_is_sealed_and_reads_as_before(filled: Workspace) -> None:
    before = everything(filled)
    done = convert.create(filled, OPENER)
    assert done.files == len(before) == survey(filled).sealed
    assert everything(filled) == before
    assert not [p for p, data in on_disk(filled).items() if SECRET in data or b"\x89PNG" in data]


def test_after_remove_every_byte_is_as_it_was(filled: Workspace) -> None:
    before = on_disk(filled)
    convert.create(filled, OPENER)
    convert.remove(filled, OPENER)
    assert on_disk(filled) == before
    assert opened.opened(filled.root) is None


def test_files_keep_their_time_and_are_private(filled: Workspace) -> None:
    path = filled.people / "zq" / "person.json"
    os.utime(path, ns=(5_000_000_000, 7_000_000_000))
    convert.create(filled, OPENER)
    assert path.stat().st_mtime_ns == 7_000_000_000
    assert {p.stat().st_mode & 0o777 for p in on_disk(filled)} == {0o600}


def test_a_locked_workspace_can_be_neither_read_nor_written(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    opened.forget(filled.root)
    with pytest.raises(VaultLocked):
        read_bytes(filled.split_file)
    with pytest.raises(VaultLocked):
        write_json(filled.split_file, {})
    with pytest.raises(VaultLocked):
        append_line(filled.people / "zq" / "20260101-120000-001" / "pictures.jsonl", b"{}")


def test_a_wrong_key_opens_nothing(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    opened.forget(filled.root)
    with pytest.raises(WrongKey):
        unlock(filled, OTHER)
    assert opened.opened(filled.root) is None


def test_what_is_written_from_now_on_is_sealed(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    path = filled.people / "zq" / "20260101-120000-001" / "pictures.jsonl"
    append_line(path, SECRET)
    write_bytes(filled.people / "zq" / "new.json", SECRET)
    assert SECRET not in path.read_bytes() + (filled.people / "zq" / "new.json").read_bytes()
    assert read_lines(path) == [SECRET] * 4


def test_a_plain_file_put_there_is_refused(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    (filled.people / "zq" / "person.json").write_text('{"name": "Mallory"}')
    with pytest.raises(SealBroken, match=r"person\.json: it is not sealed"):
        read_bytes(filled.people / "zq" / "person.json")


def test_a_changed_file_is_named_and_the_others_still_read(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    path = filled.models / "current"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    found, broken = verify(filled)
    assert broken == ("models/current",)
    kept = [path for path in on_disk(filled) if path.name not in opened.PLAIN]
    assert found == Survey(sealed=len(kept), plain=0)


def test_lines_put_in_plain_are_refused(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    path = filled.people / "zq" / "20260101-120000-001" / "pictures.jsonl"
    path.write_bytes(path.read_bytes() + b'{"file": "0009.png"}\n')
    with pytest.raises(SealBroken, match="not sealed"):
        read_lines(path)


def test_pictures_undone_from_the_trash_still_open(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    kept = filled.trash / "20260101-120000-001" / "kept" / "0"
    kept.rename(filled.people / "zq" / "20260101-120000-001" / "0009.png")
    data = read_bytes(filled.people / "zq" / "20260101-120000-001" / "0009.png")
    assert data == b"\x89PNG" + SECRET


def test_logs_lock_and_vault_stay_readable(filled: Workspace) -> None:
    write_bytes(filled.logs / "cli.log", b"a line")
    convert.create(filled, OPENER)
    assert (filled.logs / "cli.log").read_bytes() == b"a line"
    write_bytes(filled.logs / "other.log", b"another")
    assert (filled.logs / "other.log").read_bytes() == b"another"


def test_a_new_key_opens_and_the_former_does_not_and_no_file_is_written(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    before = {p: d for p, d in on_disk(filled).items() if p.name != "vault.json"}
    convert.change_key(filled, OPENER, OTHER)
    opened.forget(filled.root)
    with pytest.raises(WrongKey):
        unlock(filled, OPENER)
    unlock(filled, OTHER)
    assert verify(filled)[1] == ()
    assert {p: d for p, d in on_disk(filled).items() if p.name != "vault.json"} == before


def test_an_open_program_goes_on_after_another_changed_the_key(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    mine = opened.opened(filled.root)
    assert mine is not None
    convert.change_key(filled, OPENER, OTHER)  # opens the vault anew, in another program
    opened.accept(mine)
    write_bytes(filled.split_file, b"{}")
    assert read_bytes(filled.split_file) == b"{}"


def test_an_open_program_writes_nothing_once_another_removed_the_vault(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    mine = opened.opened(filled.root)
    assert mine is not None
    convert.remove(filled, OPENER)
    opened.accept(mine)
    with pytest.raises(VaultLocked, match="changed meanwhile"):
        write_bytes(filled.split_file, b"{}")


def test_an_encrypted_workspace_is_not_encrypted_again(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    with pytest.raises(VaultError, match="already"):
        convert.create(filled, OPENER)


def test_what_is_not_encrypted_has_no_key_to_change_or_vault_to_remove(filled: Workspace) -> None:
    with pytest.raises(VaultError, match="not encrypted"):
        convert.change_key(filled, OPENER, OTHER)
    with pytest.raises(VaultError, match="not encrypted"):
        convert.remove(filled, OPENER)


def test_a_child_opens_the_vault_with_what_its_parent_passes_on(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    passed = opened.pass_on(filled.root)
    opened.forget(filled.root)
    opened.take_over(filled.root, passed)
    assert read_bytes(filled.models / "current") == SECRET
    write_bytes(filled.models / "current", b"x")
    assert (filled.models / "current").read_bytes() != b"x"


def test_a_child_of_a_plain_workspace_gets_nothing(workspace: Workspace) -> None:
    assert opened.pass_on(workspace.root) == b""
    opened.take_over(workspace.root, b"")
    assert opened.opened(workspace.root) is None


def test_a_workspace_behind_a_link_is_the_same(filled: Workspace, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(filled.root)
    linked = Workspace(tmp_path / "link")
    convert.create(linked, OPENER)
    assert read_bytes(linked.models / "current") == SECRET
    assert read_bytes(filled.models / "current") == SECRET


# --- cut short -----------------------------------------------------------------------------------


def cut(job: Callable[[], object], monkeypatch: pytest.MonkeyPatch, at: int) -> bool:
    """Run `job` and let it die at its `at`-th system call that changes the disk."""

    class Killed(BaseException):
        pass

    calls = itertools.count(1)
    with monkeypatch.context() as patch:
        for owner, name in ((os, "replace"), (os, "fsync"), (os, "utime"), (os, "unlink")):
            before = getattr(owner, name)

            def dies(
                *given: object, _before: Callable[..., object] = before, **more: object
            ) -> object:
                if next(calls) >= at:  # a dead process does nothing more either
                    raise Killed
                return _before(*given, **more)

            patch.setattr(owner, name, dies)
        try:
            job()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("direction", ["create", "remove"])
def test_whatever_moment_a_conversion_dies_at_nothing_is_lost_and_it_goes_on(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, direction: str
) -> None:
    before = everything(filled)
    job = getattr(convert, direction)
    died = 0
    for at in range(1, 200, 3):
        if direction == "remove" and read_record(filled.root) is None:
            convert.create(filled, OPENER)
        if direction == "create" and read_record(filled.root) is not None:
            convert.remove(filled, OPENER)
        if not cut(lambda: job(filled, OPENER), monkeypatch, at):
            break
        died += 1
        opened.forget(filled.root)  # the next start
        if read_record(filled.root) is not None:
            unlock(filled)
        filled.recover()
        assert everything(filled) == before
        record = read_record(filled.root)
        if direction == "create":
            if record is None or record.state != "sealed":
                convert.create(filled, OPENER)
            assert verify(filled) == (Survey(len(before), 0), ())
        else:
            if record is not None:
                convert.remove(filled, OPENER)
            assert survey(filled) == Survey(0, len(before))
        assert everything(filled) == before
    assert died > 10


def test_a_conversion_killed_for_real_goes_on_where_it_was(filled: Workspace) -> None:
    before = everything(filled)

    def half(done: int, _total: int) -> None:
        if done == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        convert.create(filled, OPENER, report=half)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    found = survey(filled)
    assert found.sealed == 5
    unlock(filled)
    assert everything(filled) == before
    assert convert.create(filled, OPENER).files == len(before) - 5
    assert everything(filled) == before


def test_an_interrupted_conversion_can_be_taken_back(filled: Workspace) -> None:
    before = on_disk(filled)
    token = Cancel()

    def stop(done: int, _total: int) -> None:
        if done == 4:
            token.cancel()

    with pytest.raises(Cancelled):
        convert.create(filled, OPENER, report=stop, cancel=token)
    convert.remove(filled, OPENER)
    assert on_disk(filled) == before


@pytest.mark.parametrize("finish", [convert.create, convert.remove])
def test_lines_appended_while_a_conversion_waits_are_kept_in_order(
    filled: Workspace, finish: Callable[[Workspace, Opener], object]
) -> None:
    path = filled.people / "zq" / "20260101-120000-001" / "pictures.jsonl"
    token = Cancel()
    token.cancel()
    with pytest.raises(Cancelled):
        convert.create(filled, OPENER, cancel=token)
    append_line(path, b"meanwhile")
    assert SECRET in path.read_bytes()
    assert b"meanwhile" not in path.read_bytes()
    assert read_lines(path) == [SECRET, SECRET, SECRET, b"meanwhile"]
    finish(filled, OPENER)
    assert read_lines(path) == [SECRET, SECRET, SECRET, b"meanwhile"]


def test_only_the_key_a_conversion_began_with_finishes_it(filled: Workspace) -> None:
    token = Cancel()
    token.cancel()
    with pytest.raises(Cancelled):
        convert.create(filled, OPENER, cancel=token)
    with pytest.raises(WrongKey):
        convert.create(filled, OTHER)


def test_a_changed_file_stops_a_removal_which_goes_on_without_it(filled: Workspace) -> None:
    convert.create(filled, OPENER)
    bad = filled.people / "zq" / "person.json"
    bad.write_bytes(bad.read_bytes()[:-1] + b"!")
    with pytest.raises(SealBroken, match=r"person\.json"):
        convert.remove(filled, OPENER)
    bad.unlink()
    convert.remove(filled, OPENER)
    assert survey(filled).sealed == 0
    assert files.read_json(filled.split_file) == {"name": SECRET.decode()}

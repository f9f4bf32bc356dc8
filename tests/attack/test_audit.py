"""Nobody changes people's data past the audit log, and nobody forges the log unseen."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.contract.errors import FacedeskError, WorkspaceLocked
from engine.contract.people import Answers
from engine.dataset.split import load_split
from engine.desk import library
from engine.jobs.split import export_keras_folders, split
from engine.people import changes
from engine.people.changes import clear_strangers
from engine.people.permission import note_consent
from engine.people.registry import People
from engine.people.trash import Trash
from engine.rights import stores
from engine.rights.erase import erase
from engine.rights.stores import export_person
from engine.rights.upkeep import recover
from engine.settings import ConsentSettings, SplitSettings
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import START, sealed
from engine.workspace.folder import Workspace
from tests.faults.disk_changes import Strike, striking
from tests.faults.small_workspace import build, under_lock
from tests.faults.wholeness import holdings
from tui.cli import main

SETTINGS = ConsentSettings()
Change = Callable[[Workspace], object]


def _keras_folders(workspace: Workspace) -> None:
    found = load_split(workspace)
    assert found is not None
    target = workspace.root.parent / "exported"
    export_keras_folders(workspace, People(workspace).list(), found, target)


CHANGES: dict[str, Change] = {
    "export": lambda w: export_person(w, "Anna", w.root.parent / "exported"),
    "export of folders": _keras_folders,
    "delete": lambda w: changes.delete_people(w, ["Anna"], 30),
    "delete for good": lambda w: changes.delete_people(w, ["Anna"], 0),
    "delete pictures": lambda w: changes.delete_pictures(
        w, "Anna", [People(w).get("Anna").sessions[0].id], 30
    ),
    "merge": lambda w: changes.merge(w, "Anna", "Bob", 30),
    "undo": changes.undo,
    "erase": lambda w: erase(w, "Anna", answers=Answers(shared_stay=True, unsure="keep")),
    "rename": lambda w: stores.rename(w, "Anna", "Hanna"),
    "consent": lambda w: note_consent(w, SETTINGS, "Anna", "the desk", ""),
    "split": lambda w: split(w, SplitSettings(seed=99)),
    "promote": lambda w: library.rollback(w),
    "clear strangers": clear_strangers,
    "empty the trash": lambda w: Trash(w).purge(everything=True),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("audit") / "workspace").root


@pytest.fixture
def workspace(whole: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(whole, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


@contextmanager
def lock_held(workspace: Workspace) -> Iterator[None]:
    """The log's lock is held from outside, as any process of the same user can."""
    handle = os.open(workspace.root / ".audit.lock", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@pytest.mark.parametrize("name", CHANGES)
def test_what_cannot_be_noted_is_refused_and_leaves_everything_as_it_was(
    name: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.workspace.audit_words.LONGEST_WAIT", 0.05)
    before = holdings(workspace), People(workspace).list()
    with lock_held(workspace), pytest.raises(WorkspaceLocked) as refused:
        CHANGES[name](workspace)
    assert "audit log is in use" in str(refused.value)
    assert (holdings(workspace), People(workspace).list()) == before
    assert not (workspace.root.parent / "exported").exists()
    CHANGES[name](workspace)  # and then it is done, and noted twice
    told = Audit(workspace).entries()
    number = next(entry.number for entry in told if entry.action == "began")
    assert number in {entry.details.get("began") for entry in told}
    assert Audit(workspace).verify().fault is None


def _killed(workspace: Workspace, name: str, at: int) -> bool:
    """Do the change in a process that is killed at its change number `at` to the disk."""
    child = os.fork()
    if not child:
        try:
            with striking(Strike(at)), workspace.writer(name) as interrupted:
                recover(workspace, interrupted)
                CHANGES[name](workspace)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("every", [11, pytest.param(3, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ["export", "delete", "delete for good", "merge", "undo"])
def test_a_kill_between_change_and_note_leaves_an_entry(
    name: str, every: int, whole: Path, tmp_path: Path
) -> None:
    """Killed at the first change to the disk and then further on: what has happened stands in the
    log, begun and ended."""
    met = 0
    for at in range(1, 500, every):
        workspace = Workspace(tmp_path / "workspace")
        shutil.copytree(whole, workspace.root)
        before, known = holdings(workspace), len(Audit(workspace).entries())
        died = _killed(workspace, name, at)
        exported = workspace.root.parent / "exported"
        if exported.exists():
            assert [e.action for e in Audit(workspace).entries()[known:]].count("began") == 1
            exported.unlink()
        with workspace.writer("look") as interrupted:
            recover(workspace, interrupted)
        audit = Audit(workspace)
        told = audit.entries()[known:]
        begun = {entry.number for entry in told if entry.action == "began"}
        ended = {entry.details["began"]: entry.action for entry in told if "began" in entry.details}
        assert begun == set(ended), at
        if holdings(workspace) != before:
            assert begun, at
            if name in ("delete", "merge", "undo"):  # the trash knows that it was done
                assert "cut-short" not in ended.values(), at
        assert audit.verify().fault is None
        shutil.rmtree(workspace.root)
        if not died:
            break
        met += 1
    assert met > 40 // every
    assert not died


def test_an_error_in_the_middle_is_noted_as_cut_short(workspace: Workspace) -> None:
    audit = Audit(workspace)
    with pytest.raises(FacedeskError):
        stores.rename(workspace, "Anna", "Bob")
    began, end = audit.entries()[-2:]
    assert (began.action, began.details["of"]) == ("began", "person-renamed")
    assert (end.action, end.details["why"]) == ("cut-short", "failed")
    assert end.details["began"] == began.number
    anna = People(workspace).get("Anna").id
    assert audit.subjects()[end.subject] == audit.subjects()[began.subject] == anna


def test_what_another_process_still_does_is_not_taken_for_cut_short(workspace: Workspace) -> None:
    from multiprocessing import get_context

    context = get_context("fork")
    begun, go = context.Event(), context.Event()
    other = context.Process(target=_evaluating, args=(workspace.root, begun, go))
    other.start()
    try:
        assert begun.wait(120)
        under_lock(workspace, "recover")
        assert [e.action for e in Audit(workspace).entries()][-1] == "began"
    finally:
        go.set()
        other.join()
    under_lock(workspace, "recover")
    assert [e.action for e in Audit(workspace).entries()][-2:] == ["began", "evaluated"]


def _evaluating(root: Path, begun: object, go: object) -> None:
    with Audit(Workspace(root)).of("evaluated"):
        begun.set()  # type: ignore[attr-defined]
        go.wait()  # type: ignore[attr-defined]


# --- forging -------------------------------------------------------------------------------------


def verdict(workspace: Workspace) -> tuple[str | None, int]:
    """What the check finds, after asserting that the command line says the same."""
    found = Audit(workspace).verify()
    code = 0
    try:
        main(["audit", "verify", "--workspace", str(workspace.root)])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == (0 if found.fault is None else 4)
    return found.fault, found.bad


def forge(workspace: Workspace, count: int, *, log: str = "") -> None:
    """A whole new log of so many entries, whole in itself, in place of the real one."""
    audit = Audit(workspace)
    real = audit.entries()[0]
    prev, lines = START, []
    for number in range(1, count + 1):
        entry = sealed(
            number=number,
            at=real.at,
            by=real.by,
            action="log-begun" if number == 1 else "split-made",
            subject="",
            details={"log": log or real.details["log"]} if number == 1 else {},
            prev=prev,
        )
        lines.append(entry.line() + b"\n")
        prev = entry.hash
    audit.file.write_bytes(b"".join(lines))


@pytest.mark.parametrize("more", [0, 1, 40])
def test_a_forged_log_as_long_as_the_head_or_longer_is_found(
    more: int, workspace: Workspace
) -> None:
    head = Audit(workspace).head()
    assert head is not None
    forge(workspace, head.count + more)
    assert verdict(workspace) == ("changed", head.count)


def test_a_log_that_is_gone_with_its_head_is_found_also_when_a_new_one_begins(
    workspace: Workspace,
) -> None:
    shutil.rmtree(workspace.audit)
    assert verdict(workspace) == ("removed", 1)
    stores.rename(workspace, "Anna", "Hanna")
    assert verdict(workspace) == ("removed", 1)
    first = Audit(workspace).entries()[0]
    assert first.details["before"] != first.details["log"]


def test_a_log_of_another_workspace_is_found(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    other.prepare()
    Audit(other).note("split-made")
    shutil.rmtree(workspace.audit)
    shutil.copytree(other.audit, workspace.audit)
    assert verdict(workspace) == ("removed", 1)


def test_a_log_of_an_older_version_is_witnessed_by_its_next_entry(workspace: Workspace) -> None:
    marker = workspace.root / "workspace.json"
    body = json.loads(marker.read_bytes())
    noted = body.pop("audit")
    marker.write_text(json.dumps(body))
    head = json.loads((workspace.audit / "head.json").read_bytes())
    (workspace.audit / "head.json").write_text(
        json.dumps({key: head[key] for key in ("count", "hash", "size")})
    )
    assert verdict(workspace) == (None, 0)
    Audit(workspace).note("split-made")
    assert json.loads(marker.read_bytes())["audit"] == noted
    assert verdict(workspace) == (None, 0)
    shutil.rmtree(workspace.audit)
    assert verdict(workspace) == ("removed", 1)


def test_keys_that_are_gone_are_found(workspace: Workspace) -> None:
    audit = Audit(workspace)
    first = next(entry.number for entry in audit.entries() if entry.subject)
    (workspace.audit / "keys.json").unlink()
    assert verdict(workspace) == ("unlinked", first)


def test_one_key_that_is_gone_is_found_and_an_erased_person_is_none(workspace: Workspace) -> None:
    with workspace.writer("erase"):
        erase(workspace, "Anna", answers=Answers(shared_stay=True, unsure="keep"))
    assert verdict(workspace) == (None, 0)
    audit = Audit(workspace)
    stores.rename(workspace, "Bob", "Rob")
    mine = audit.entries()[-1].subject
    keys = workspace.audit / "keys.json"
    body = json.loads(keys.read_bytes())
    known = [subject for subject in body if audit.subjects()[mine] in subject]
    keys.write_text(json.dumps({k: v for k, v in body.items() if k not in known}))
    first = next(entry.number for entry in audit.entries() if entry.subject == mine)
    assert verdict(workspace) == ("unlinked", first)


def _at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return moment

    monkeypatch.setattr("engine.workspace.audit.datetime", Clock)


def test_an_entry_of_2020_after_one_of_2026_is_found(workspace: Workspace) -> None:
    audit = Audit(workspace)
    last, head = audit.entries()[-1], audit.head()
    assert head is not None
    forged = sealed(**{**last.body(), "number": last.number + 1, "prev": last.hash}
                    | {"at": "2020-01-01T00:00:00.000Z"})  # fmt: skip
    with audit.file.open("ab") as file:
        file.write(forged.line() + b"\n")
    assert verdict(workspace) == ("backdated", forged.number)
    body = {"count": forged.number, "hash": forged.hash, "size": audit.file.stat().st_size}
    (workspace.audit / "head.json").write_text(json.dumps(body))
    assert verdict(workspace) == ("backdated", forged.number)


def test_a_clock_that_was_set_back_says_so_and_is_no_forgery(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = Audit(workspace)
    _at(monkeypatch, datetime.now(UTC) - timedelta(days=300))
    audit.note("split-made")
    assert [entry.action for entry in audit.entries()[-2:]] == ["clock-set-back", "split-made"]
    found = audit.verify()
    assert found.fault is None
    assert ["set back" in remark for remark in found.remarks] == [True]

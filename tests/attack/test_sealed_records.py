"""Lines of an encrypted workspace that somebody garbled, took out, moved or doubled are missed."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.contract.errors import SealBroken
from engine.workspace.audit import Audit
from engine.workspace.files import append_line, read_lines
from engine.workspace.folder import Workspace
from engine.workspace.vault import envelope, opened
from engine.workspace.vault.convert import create, verify
from engine.workspace.vault.envelope import DataKey, NotGenuine
from engine.workspace.vault.keys import Opener, make_key_file, open_with, read_record
from tests.faults.small_workspace import build
from tests.templates import copy_of

Lines = list[bytes]
Deed = Callable[[Lines], Lines]

DEEDS: dict[str, Deed] = {
    "garbled in its length": lambda x: [x[0], x[1].replace(b" 2 ", b" x ", 1), *x[2:]],
    "a character less": lambda x: [x[0], x[1][:-9] + x[1][-8:], *x[2:]],
    "a character more": lambda x: [x[0], x[1][:-8] + b"A" + x[1][-8:], *x[2:]],
    "cut in half": lambda x: [x[0], x[1][: len(x[1]) // 2], *x[2:]],
    "cut to its first word": lambda x: [x[0], x[1][:6], *x[2:]],
    "emptied": lambda x: [x[0], b"", *x[2:]],
    "rubbish": lambda x: [x[0], b"\x00" * 40, *x[2:]],
    "taken out": lambda x: [x[0], *x[2:]],
    "the first taken out": lambda x: x[1:],
    "swapped": lambda x: [x[0], x[2], x[1], *x[3:]],
    "doubled": lambda x: [x[0], x[1], x[1], *x[2:]],
    "put again at the end": lambda x: [*x, x[1]],
    "numbered anew": lambda x: [x[0], x[2].replace(b" 3 ", b" 2 ", 1), *x[3:]],
}
"""What somebody does to the lines of a file, of four or more."""


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Opener]:
    folder = tmp_path_factory.mktemp("sealed")
    workspace, opener = build(folder / "workspace"), make_key_file(folder / "key")
    create(workspace, opener)
    opened.forget(workspace.root)
    return workspace.root, opener


@pytest.fixture
def sealed(sealed_once: tuple[Path, Opener], tmp_path: Path) -> Iterator[Workspace]:
    """A copy of an encrypted workspace, open."""
    workspace = copy_of(sealed_once[0], tmp_path / "workspace")
    record = read_record(workspace.root)
    assert record is not None
    open_with(workspace.root, record, sealed_once[1])
    yield workspace
    opened.forget(workspace.root)


@pytest.fixture
def records(sealed: Workspace) -> Path:
    """A file of four lines, two of them from the conversion and two appended since."""
    path = sorted(sealed.people.glob("anna/*/pictures.jsonl"))[-1]
    for line in (b'{"third": 3}', b'{"fourth": 4}'):
        append_line(path, line)
    assert read_lines(path)[2:] == [b'{"third": 3}', b'{"fourth": 4}']
    return path


@pytest.mark.parametrize("deed", DEEDS)
def test_lines_that_somebody_changed_are_found_by_the_check_and_told_by_readers(
    deed: str, records: Path, sealed: Workspace
) -> None:
    assert verify(sealed)[1] == ()
    records.write_bytes(b"\n".join(DEEDS[deed](records.read_bytes().splitlines())) + b"\n")
    name = records.relative_to(sealed.root).as_posix()
    assert verify(sealed)[1] == (name,)
    with pytest.raises(SealBroken, match="line "):
        read_lines(records)


@pytest.mark.parametrize("deed", DEEDS)
def test_the_audit_log_is_such_a_file(deed: str, sealed: Workspace) -> None:
    audit = Audit(sealed)
    lines = audit.file.read_bytes().splitlines()
    audit.file.write_bytes(b"\n".join(DEEDS[deed](lines)) + b"\n")
    assert verify(sealed)[1] == ("audit/audit.jsonl",)
    with pytest.raises(SealBroken):
        audit.verify()


def test_a_line_of_another_file_of_the_same_name_is_found(records: Path, sealed: Workspace) -> None:
    other = next(sealed.people.glob("bob/*/pictures.jsonl"))
    lines, others = records.read_bytes().splitlines(), other.read_bytes().splitlines()
    records.write_bytes(b"\n".join([lines[0], others[1], *lines[2:]]) + b"\n")
    assert verify(sealed)[1] == (records.relative_to(sealed.root).as_posix(),)


def test_what_a_crash_left_at_the_end_goes_and_the_next_lines_fit(records: Path) -> None:
    whole = records.read_bytes()
    fifth = whole.splitlines()[-1]
    for length in (1, 5, 20, len(fifth) - 1):
        records.write_bytes(whole + fifth.replace(b" 4 ", b" 5 ", 1)[:length])
        assert len(read_lines(records)) == 4
        append_line(records, b'{"fifth": 5}')
        assert read_lines(records)[4:] == [b'{"fifth": 5}']
    records.write_bytes(records.read_bytes()[:-1])  # all of the line but its break
    append_line(records, b'{"sixth": 6}')
    assert read_lines(records)[4:] == [b'{"fifth": 5}', b'{"sixth": 6}']


# --- lines of an older version -------------------------------------------------------------------


def old_line(key: DataKey, label: str, line: bytes) -> bytes:
    """A line as versions before this one sealed it: it knows nothing of its place."""
    text = base64.b64encode(envelope.seal(key, label, line))
    return b"FDSL1 %d %s\n" % (len(text), text)


def test_older_lines_are_read_and_new_ones_hold_their_number(
    records: Path, sealed: Workspace, tmp_path: Path
) -> None:
    vault = opened.opened(sealed.root)
    assert vault is not None
    made = [old_line(vault.key, records.name, b'{"old": %d}' % n) for n in range(3)]
    records.write_bytes(b"".join(made))
    append_line(records, b'{"new": 3}')
    assert read_lines(records) == [b'{"old": 0}', b'{"old": 1}', b'{"old": 2}', b'{"new": 3}']
    assert verify(sealed)[1] == ()
    shutil.copy(records, tmp_path / "kept")
    lines = records.read_bytes().splitlines(keepends=True)
    for changed in ([lines[0], *lines[2:]], [*lines, lines[0]]):
        records.write_bytes(b"".join(changed))
        assert verify(sealed)[1] == (records.relative_to(sealed.root).as_posix(),)


def test_an_older_line_cut_short_in_the_middle_is_left_out_and_found_by_the_check(
    records: Path, sealed: Workspace
) -> None:
    """A crash of an older version leaves such: the rest is still read."""
    vault = opened.opened(sealed.root)
    assert vault is not None
    made = [old_line(vault.key, records.name, b'{"old": %d}' % n) for n in range(3)]
    records.write_bytes(made[0] + made[1][:30] + b"\n" + made[2])
    assert read_lines(records) == [b'{"old": 0}', b'{"old": 2}']
    assert verify(sealed)[1] == (records.relative_to(sealed.root).as_posix(),)
    for garbled in (b"FDSL1 x" + made[1][7:], made[1][:20] + b"!" + made[1][30:]):
        records.write_bytes(made[0] + garbled + made[2])
        with pytest.raises(SealBroken):
            read_lines(records)


def test_a_place_cannot_be_changed_without_the_key() -> None:
    key = DataKey.make()
    lines = envelope.seal_lines(key, "a.jsonl", b"1\n2\n3\n").splitlines()
    others = envelope.seal_lines(key, "a.jsonl", b"1\n2\n3\n").splitlines()
    renamed = others[1].replace(others[1][6:22], lines[1][6:22])
    with pytest.raises(NotGenuine, match="line 2"):
        envelope.unseal_lines(key, "a.jsonl", b"\n".join([lines[0], renamed, lines[2]]) + b"\n")

"""Native libraries print into the log, never on the operator's terminal."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine import logs
from engine.logs import LONGEST_LOG, open_log, roll

REPOSITORY = Path(__file__).resolve().parents[1]

NOISY = """
import os, sys
from pathlib import Path
from engine.logs import guard_output
from tui.terminal.streams import own_streams
with own_streams(print):
    with guard_output(Path(sys.argv[1]), "cli"):
        os.write(1, b"native noise on 1\\n")
        os.write(2, b"native noise on 2\\n")
        os.system("echo noise of a child")
        print("result")
        print("note", file=sys.stderr)
    print("after")
"""


def test_native_output_goes_to_the_log_and_python_output_to_the_terminal(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", NOISY, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "result\nafter\n"
    assert run.stderr == "note\n"
    log = (tmp_path / "cli.log").read_text()
    assert "native noise on 1" in log
    assert "native noise on 2" in log
    assert "noise of a child" in log


def test_what_a_full_disk_does_not_take_is_said_to_nobody_and_the_output_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "open_log", lambda folder, name: os.open("/dev/full", os.O_WRONLY))
    with logs.guard_output(tmp_path, "cli"):
        logging.getLogger("engine").error("the log's disk is full")
    os.write(2, b"after")
    assert capfd.readouterr() == ("", "after")


LOADING = """
import os, sys, threading
from pathlib import Path
from engine.logs import LOADER, guard_output
with guard_output(Path(sys.argv[1]), "cli"):
    ended = threading.Event()
    def load():
        ended.wait()
        os.write(2, b"noise of a library that is loaded")
    threading.Thread(target=load, name=LOADER).start()
    threading.Timer(0.2, ended.set).start()
"""


def test_what_a_library_prints_that_is_still_being_loaded_goes_to_the_log(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOADING, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    assert "noise of a library" in (tmp_path / "cli.log").read_text()


def test_a_log_is_private(tmp_path: Path) -> None:
    os.close(open_log(tmp_path / "logs", "x"))
    os.close(open_log(tmp_path / "nowhere" / "logs", "x"))
    assert not (tmp_path / "nowhere").exists(), "a log alone makes no workspace"
    assert stat.S_IMODE((tmp_path / "logs" / "x.log").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


def test_a_log_that_cannot_be_written_is_replaced_by_the_null_device(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    handle = open_log(tmp_path / "logs", "x")
    assert os.write(handle, b"lost") == 4
    os.close(handle)


def test_a_long_log_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"x" * (LONGEST_LOG + 1))
    os.close(open_log(tmp_path, "x"))
    assert (tmp_path / "x.log").stat().st_size == 0
    assert (tmp_path / "x.log.1").stat().st_size == LONGEST_LOG + 1


def written_on(log: Path, more: int) -> list[int]:
    """Two descriptors of a log, as a process has them, with `more` bytes beyond the longest."""
    first = open_log(log.parent, log.stem)
    os.write(first, b"x" * (LONGEST_LOG + more))
    return [first, os.dup(first)]


def test_a_log_that_grows_too_long_while_it_is_written_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    descriptors = written_on(log, 1)
    assert roll(tuple(descriptors), tmp_path)
    for number in descriptors:
        os.write(number, b"after")
        os.close(number)
    assert log.read_bytes() == b"afterafter"
    assert (tmp_path / "x.log.1").stat().st_size == LONGEST_LOG + 1


def test_a_log_of_acceptable_length_goes_on(tmp_path: Path) -> None:
    descriptors = written_on(tmp_path / "x.log", 0)
    assert not roll(tuple(descriptors), tmp_path)
    for number in descriptors:
        os.close(number)
    assert not (tmp_path / "x.log.1").exists()


def test_a_long_log_that_was_deleted_or_set_aside_by_another_process_is_emptied(
    tmp_path: Path,
) -> None:
    log = tmp_path / "x.log"
    for away in (lambda: log.unlink(), lambda: log.rename(tmp_path / "x.log.1")):
        descriptors = written_on(log, 1)
        away()
        assert roll(tuple(descriptors), tmp_path)
        assert os.fstat(descriptors[0]).st_size == 0
        for number in descriptors:
            os.close(number)


def test_output_that_is_no_file_is_left_alone(tmp_path: Path) -> None:
    handle = os.open(os.devnull, os.O_WRONLY)
    assert not roll((handle,), tmp_path)
    os.close(handle)


def test_a_file_of_the_operators_own_is_left_alone_however_long(tmp_path: Path) -> None:
    descriptors = written_on(tmp_path / "train.log", 1)
    assert not roll(tuple(descriptors), tmp_path / "logs")
    assert os.fstat(descriptors[0]).st_size == LONGEST_LOG + 1
    for number in descriptors:
        os.close(number)

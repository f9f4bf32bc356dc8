from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.bench.screen import Screen, peak_memory, screen
from engine.contract.errors import EngineDied

ENVIRONMENT = "import os; print(os.environ['FACEDESK_WORKSPACE'], 'here')"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_what_is_waited_for_is_seen_through_colours(tmp_path: Path) -> None:
    code = r"print('\x1b[1;31mFace\x1b[0m\x1b[?25ldesk'); input()"
    with screen(python(code), tmp_path) as opened:
        assert opened.seconds_until("Facedesk") > 0


def test_a_program_that_ends_without_showing_it_is_an_error(tmp_path: Path) -> None:
    with screen(python("print('nothing')"), tmp_path) as opened, pytest.raises(EngineDied) as error:
        opened.seconds_until("Facedesk")
    assert "nothing" in error.value.message


def test_keys_reach_the_program(tmp_path: Path) -> None:
    with screen(python("print(input()[::-1])"), tmp_path) as opened:
        opened.press("abc\r")
        assert opened.seconds_until("cba") > 0
        assert opened.seconds_to_end() > 0


def test_the_program_works_in_the_workspace(tmp_path: Path) -> None:
    with screen(python(ENVIRONMENT), tmp_path) as opened:
        opened.seconds_to_end()
    assert f"{tmp_path} here" in opened.written.decode()


def test_closing_ends_a_program_that_ignores_a_request(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)"
    opened = Screen(python(code), tmp_path)
    opened.seconds_until("up")
    opened.close()
    assert not Path(f"/proc/{opened._process.pid}").exists()


def test_memory_is_that_of_the_program_and_its_engine_processes(tmp_path: Path) -> None:
    child = "import time; print('up', flush=True); time.sleep(600)"  # by then it has its memory
    code = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, 'engine.desk.model_process'])\n"
        "time.sleep(600)"
    )
    with screen(python(code), tmp_path) as opened:
        opened.seconds_until("up")
        found = opened.memory()
    assert set(found) == {"ui", "model"}
    assert all(size > 1_000_000 for size in found.values())


def test_a_process_that_is_gone_has_no_memory(tmp_path: Path) -> None:
    with screen(python("pass"), tmp_path) as opened:
        opened.seconds_to_end()
    with pytest.raises(OSError, match="No such file"):
        peak_memory(opened._process.pid)

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from engine.workspace import audit_words
from engine.workspace.audit_words import LOCK, TTY_VARIABLE, acting, held, place


def test_the_user_is_the_kernels_word() -> None:
    told = acting({"USER": "somebody", "LOGNAME": "else"})
    assert (told["user"], told["uid"]) == (pwd.getpwuid(os.getuid()).pw_name, os.getuid())


def test_the_address_of_the_ssh_client_is_told_without_ports() -> None:
    assert acting({"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"})["ssh"] == "192.0.2.7"
    assert acting({"SSH_CLIENT": "2001:db8::1 50000 22"})["ssh"] == "2001:db8::1"


def test_whom_sudo_ran_for_is_told() -> None:
    assert acting({"SUDO_USER": "grace"})["sudo"] == "grace"


def test_a_process_without_a_terminal_tells_its_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int) -> str:
        raise OSError

    monkeypatch.setattr(os, "ttyname", none)
    assert acting({TTY_VARIABLE: "/dev/pts/3"})["tty"] == "/dev/pts/3"
    assert "tty" not in acting({})


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("0", "0"),
        ("/dev/video2", "/dev/video2"),
        ("demo:collins?seed=3", "demo:collins"),
        ("clips/Ada Lovelace.mp4", "file"),
        ("rtsp://admin:hunter2@cam.local:554/ada?token=x", "rtsp://cam.local"),
        ("http://u:p@ss/w@cam/x", "http://cam"),
        ("rtsp://[::1", "stream"),
    ],
)
def test_a_place_holds_neither_credentials_nor_names(source: str, told: str) -> None:
    assert place(source) == told


def test_a_log_that_may_only_be_read_is_held_without_a_wish_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).touch()
    asked: list[int] = []

    def opened(file: Path, flags: int) -> int:
        asked.append(flags)
        return os.open(file, flags)

    monkeypatch.setattr(audit_words, "open_inside", opened)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with held(tmp_path):
        assert not asked[0] & (os.O_RDWR | os.O_CREAT)

"""Who acts: what the system says of this process's user and of where they sit.

`user` and `uid` are the kernel's word. The terminal, the SSH client and sudo's original user come
from the process's surroundings, which that user can change; they are leads, not proof.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from engine.errors import DataError
from engine.files import read_plain

TTY_VARIABLE = "FACEDESK_TTY"
"""Tells a child process, which has no terminal, the one of its parent."""


def acting(environment: Mapping[str, str] = os.environ) -> dict[str, str | int]:
    """`user`, `uid`, and what is known of `sudo`, `ssh` (the client's address) and `tty`."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # containers run under numbers without a name
        name = str(uid)
    client = environment.get("SSH_CONNECTION") or environment.get("SSH_CLIENT") or ""
    leads = {
        "sudo": environment.get("SUDO_USER", ""),
        "ssh": client.split(" ")[0],
        "tty": terminal(environment),
    }
    told = {key: value[:100] for key, value in leads.items() if value}
    return {"user": name, "uid": uid, **told}


def terminal(environment: Mapping[str, str] = os.environ) -> str:
    """The terminal of this process, or of the parent that started it; empty without one."""
    for descriptor in (0, 1, 2):
        try:
            return os.ttyname(descriptor)
        except OSError:
            continue
    return environment.get(TTY_VARIABLE, "")


def this_process() -> str:
    """This process: its number, and when it started, so that no later one is taken for it."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def is_alive(process: str) -> bool:
    """Whether the process that `this_process` named still runs."""
    number, _unused, started = process.partition(":")
    return number.isdigit() and started == _started(int(number)) != ""


def _started(number: int) -> str:
    """When a process started, in ticks since the machine did; empty if it does not run."""
    try:
        facts = read_plain(Path(f"/proc/{number}/stat")).rpartition(b")")[2].split()
        return "" if facts[0] in (b"Z", b"X") else facts[19].decode()  # a zombie does nothing more
    except (OSError, DataError, IndexError):
        return ""

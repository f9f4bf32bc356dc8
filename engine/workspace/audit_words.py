"""What the entries of the audit log are made of: pseudonyms, actions, places, and who acts.

Each person has a random key of 32 bytes in `audit/keys.json`, by identity
(`people/5f0c2d9a81b3e674`). The log holds HMAC-SHA256(key, that) cut to 64 bits. While the key is
there the entries can be found for that person; once it is destroyed nobody can compute the
pseudonym again, and the chain stays whole. A key from before there were identities is kept as
{"key": ..., "as": "people/ada-lovelace"}, so that its pseudonym stays the same, or under the folder
alone where nobody can tell whose it is.

Actions are a closed set. Where pictures came from is told without a path, which may hold a name. Of
who acts, `user` and `uid` are the kernel's word; the terminal, the SSH client and sudo's original
user are leads, not proof: that user can change them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from engine.contract.errors import DataError, WorkspaceLocked
from engine.machine import user_name
from engine.text import mask_credentials
from engine.workspace.files import open_inside, read_json, read_plain, write_json
from engine.workspace.owner import translate_os_errors

PREFIX = "p-"
LOCK = ".audit.lock"
LONGEST_WAIT = 5.0
"""Seconds to wait for another process's append, which takes milliseconds."""


@contextlib.contextmanager
def held(root: Path) -> Iterator[None]:
    """Keep every other process and thread from appending to the log inside the block, which may not
    either. Raises WorkspaceLocked, WorkspaceUnusable."""
    lock = root / LOCK
    # Who may only read can hold it too: a log on a read-only disk is there to be verified.
    flags = os.O_RDWR | os.O_CREAT if os.access(root, os.W_OK) else os.O_RDONLY
    with translate_os_errors("lock the audit log", lock):
        handle = open_inside(lock, flags | os.O_NONBLOCK)
    try:
        give_up = time.monotonic() + LONGEST_WAIT
        while not _taken(handle):
            if time.monotonic() > give_up:
                raise WorkspaceLocked(
                    "The audit log is in use",
                    f"another process holds {lock}",
                    "See which process hangs (`fuser` on that file), and end it.",
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Subjects:
    """The keys of one workspace. Whoever may make or destroy one holds the log's lock."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pseudonym(self, subject: str) -> str:
        """The pseudonym of a subject, who gets a key if there is none yet. Raises DataError for a
        damaged key file, DiskFull, WorkspaceUnusable."""
        keys = self._keys()
        if subject not in keys:
            keys[subject] = secrets.token_hex(32)
            write_json(self._file, keys)
        return pseudonym(subject, keys[subject])

    def known(self) -> Mapping[str, str]:
        """Pseudonym to subject, of all that have a key."""
        return {pseudonym(subject, key): subject for subject, key in self._keys().items()}

    def forget(self, subject: str) -> None:
        """Destroy a subject's key. Raises DiskFull, WorkspaceUnusable."""
        keys = self._keys()
        if keys.pop(subject, None) is not None:
            write_json(self._file, keys)

    def _keys(self) -> dict[str, str | dict[str, str]]:
        try:
            body = read_json(self._file)
        except FileNotFoundError:
            return {}
        if not isinstance(body, dict) or not all(map(_is_key, body.values())):
            raise DataError(
                "The audit log's key file is damaged",
                str(self._file),
                "Restore it from a backup, or move it away: older entries lose their names.",
            )
        return dict(body)


def _is_key(value: object) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("key"), str) and isinstance(value.get("as"), str)
    return isinstance(value, str)


def pseudonym(subject: str, key: str | dict[str, str]) -> str:
    """What the log calls a subject of this key."""
    if isinstance(key, dict):
        subject, key = key["as"], key["key"]
    return PREFIX + hmac.new(key.encode(), subject.encode(), "sha256").hexdigest()[:16]


Action = Literal[
    "log-begun", "log-recovered", "clock-set-back", "began", "cut-short", "enrolled",
    "pictures-imported", "pictures-deleted", "pictures-moved", "pictures-realigned",
    "person-renamed", "person-merged", "person-trashed", "person-erased", "person-exported",
    "person-imported", "change-undone", "consent-noted", "consent-withdrawn", "stranger-removed",
    "inbox-switched", "inbox-choice", "purged", "split-made", "trained", "promoted", "rolled-back",
    "evaluated", "recognition-started", "recognition-ended", "exported", "recording-made",
    "settings-changed", "vault-created", "vault-changed", "pseudonymised",
]  # fmt: skip
"""What was done. Names that programs read: English whatever the language.

`began`: what its detail `of` names is about to be done. The entry of that action with this one's
number as its detail `began` says that it was done; `cut-short` that it did not come to its end.
`clock-set-back`: the entries that follow bear earlier times than those before.
`pseudonymised`: the key behind a subject's pseudonym was destroyed, nobody can link it any more.
`change-undone`: a deletion, merge, move or choice about unknown people was taken back.
"""


def place(source: str) -> str:
    """A webcam as it was named, a stream by scheme and host, a demo; else only `file`."""
    text = source.strip()
    if text.isdigit() or text.startswith(("/dev/", "demo:")):
        return text.partition("?")[0]
    if "://" not in text:
        return "file"
    masked = mask_credentials(text)  # first: a password with a slash in it would pass for a host
    try:
        parts = urlsplit(masked)
        return f"{parts.scheme}://{parts.hostname or ''}"
    except ValueError:
        return "stream"


TTY_VARIABLE = "FACEDESK_TTY"
"""Tells a child process, which has no terminal, the one of its parent."""


def acting(environment: Mapping[str, str] = os.environ) -> dict[str, str | int]:
    """`user`, `uid`, and what is known of `sudo`, `ssh` (the client's address) and `tty`."""
    uid = os.getuid()
    client = environment.get("SSH_CONNECTION") or environment.get("SSH_CLIENT") or ""
    leads = {
        "sudo": environment.get("SUDO_USER", ""),
        "ssh": client.split(" ")[0],
        "tty": terminal(environment),
    }
    told = {key: value[:100] for key, value in leads.items() if value}
    return {"user": user_name(uid), "uid": uid, **told}


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

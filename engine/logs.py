"""Where native libraries may print: log files of the workspace, never the operator's terminal.

TensorFlow, FFmpeg and V4L2 write to file descriptors 1 and 2 whatever Python does. Children get
a log file as both (`open_log`); the command line moves its own two aside (`guard_output`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from engine.contract.errors import FacedeskError
from engine.text import mask_credentials, shown_lines
from engine.workspace.files import make_directory, open_inside

LONGEST_LOG = 2_000_000
"""Bytes after which a log is renamed to `NAME.1`, when it is opened or while it is written."""
LOOK_EVERY = 20.0
"""Seconds between looks at the log that a process writes."""
LOADER = "loader"
"""Name of a thread that imports native libraries: they print while they are loaded."""

OPENCV = {
    "OPENCV_LOG_LEVEL": "OFF",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",  # AV_LOG_QUIET
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3",  # its 10 s would hold a hung webcam too long
    "QT_LOGGING_RULES": "*.warning=false",
}
"""Keeps OpenCV and its parts quiet; `engine.camera.opencv` sets it too."""

SPEAKING = ("OPENCV_FFMPEG_DEBUG", "OPENCV_VIDEOIO_DEBUG")
"""What makes OpenCV print the address of each stream, with its password. Never left set."""

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "GLOG_minloglevel": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    **OPENCV,
}


def quieten_libraries() -> None:
    """Ask TensorFlow and OpenCV for silence; has an effect only before their import."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    silence_addresses()


def silence_addresses() -> None:
    """Keep OpenCV and FFmpeg from printing addresses, whatever a developer's environment says:
    there may be a password in one, and the log files are passed around."""
    for name in SPEAKING:
        os.environ.pop(name, None)
    for name in ("OPENCV_LOG_LEVEL", "OPENCV_FFMPEG_LOGLEVEL"):
        os.environ[name] = OPENCV[name]


class LogFormatter(logging.Formatter):
    """Formats log records, tracebacks too: no credentials of URLs, nothing invisible, for whoever
    reads a log does so on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return shown_lines(mask_lines(super().format(record)))


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes to a log. What a full disk does not take is lost: the traceback that `logging` would
    print instead stands on the operator's terminal."""

    def __init__(self, stream: TextIO, layout: str = "%(asctime)s %(name)s %(message)s") -> None:
        super().__init__(stream)
        self.setFormatter(LogFormatter(layout))

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing."""


def mask_lines(text: str) -> str:
    """`text` with the credentials of URLs masked, line by line."""
    return "\n".join(map(mask_credentials, text.split("\n")))


def open_log(folder: Path, name: str) -> int:
    """Open `folder/name.log` for appending, mode 0600; fall back to /dev/null if it cannot be.

    Returns a file descriptor that the caller closes. A log alone makes no workspace: its folder is
    made only where that which it belongs to is there.
    """
    path = folder / f"{name}.log"
    try:
        if not folder.parent.is_dir():
            return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        make_directory(folder)
        if path.exists() and path.stat().st_size > LONGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        return open_inside(path, flags)
    except (OSError, FacedeskError):
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def keep_short(folder: Path) -> threading.Event:
    """Look at this process's log in `folder` now and then, until the returned event is set.

    A damaged camera makes the decoder print a line a picture, and a desk runs for months.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY):
            with contextlib.suppress(OSError):
                roll((1, 2), folder)

    threading.Thread(target=look, name="log", daemon=True).start()
    return over


def roll(descriptors: tuple[int, ...], folder: Path) -> bool:
    """If the last of these writes to a log that is too long, begin a new one for all that do.

    The long one is `NAME.log.1` from then on. One that has no name any more, or was renamed by
    another process already, is emptied. What is no file in `folder` is left alone: it is a file
    that the operator sent our output to. Raises OSError.
    """
    facts = os.fstat(descriptors[-1])
    if not stat.S_ISREG(facts.st_mode) or facts.st_size <= LONGEST_LOG:
        return False
    path = Path(os.readlink(f"/proc/self/fd/{descriptors[-1]}"))
    if path.parent != folder.resolve():
        return False
    same = [fd for fd in descriptors if os.path.samestat(os.fstat(fd), facts)]
    if path.suffix != ".log" or not path.exists():
        os.ftruncate(descriptors[-1], 0)
        return True
    fresh = open_log(path.parent, path.stem)
    for fd in same:
        os.dup2(fresh, fd)
    os.close(fresh)
    return True


@contextlib.contextmanager
def guard_output(folder: Path, name: str) -> Iterator[None]:
    """Send descriptors 1 and 2 to a log file inside the block: what native libraries print, and
    what our own modules log.

    Python's own output is not diverted where `sys.stdout` and `sys.stderr` have descriptors of
    their own (`tui.terminal.streams`). A library that is still being loaded is waited for at the
    end of the block, as the end of the process would.
    """
    saved = os.dup(1), os.dup(2)
    log = open_log(folder, name)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    over = keep_short(folder)
    handler = LogHandler(os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace"))
    logging.getLogger().addHandler(handler)  # without one, Python prints a traceback
    try:
        yield
    finally:
        over.set()
        for thread in threading.enumerate():
            if thread.name == LOADER:
                thread.join()
        logging.getLogger().removeHandler(handler)
        with contextlib.suppress(OSError):  # what the disk did not take is still in its buffer
            handler.stream.close()
        for target, fd in zip((1, 2), saved, strict=True):
            os.dup2(fd, target)
            os.close(fd)

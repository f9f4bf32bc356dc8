"""The standard streams and the command line of this process, for every command and for the app.

What a terminal has no character for is written as the plain character nearest to it. What cannot
be written at all is lost without an exception, so that no job ends because of its printer: a
reader that has gone (`| head`) is no trouble, a full disk is reported once and in the exit code.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import select
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from engine.contract.errors import OutputLost
from engine.machine import environment, python
from engine.text import mask_credentials

PLAIN = "facedesk-plain"
"""Name of the way in which the streams write a character that their encoding lacks."""
GONE = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN})
"""Errors that say that nobody reads any more."""

_NEAR = {
    "·": ".", "…": ".", "●": "*", "○": "o", "■": "#", "▲": "^", "▸": ">", "▾": "v", "◆": "*",
    "★": "*", "✓": "+", "✗": "x", "→": ">", "←": "<", "↑": "^", "↓": "v", "≥": ">", "≤": "<",
    "\u00d7": "x", "\u2013": "-", "—": "-", "\u2018": "'", "\u2019": "'", "“": '"', "”": '"',
    # Of a picture in half blocks its lower half is left: the colour behind the character.
    "▀": " ", "▔": "-", "▁": "_", "▂": "_", "▃": "_", "▄": "=", "▅": "=", "▆": "#", "▇": "#",
    "█": "#", "▉": "#", "▊": "|", "▋": "|", "▌": "|", "▍": "|", "▎": "|", "▏": "|", "▐": "|",
    "▕": "|",
}  # fmt: skip


def plain_character(character: str) -> str:
    """ASCII in place of a character, as many cells wide as that is."""
    from rich.cells import cell_len  # the command line loads nothing of Rich before it prints

    near = _NEAR.get(character) or _drawn(unicodedata.name(character, ""))
    if not near:
        letters = unicodedata.normalize("NFKD", character)
        near = "".join(each for each in letters if not unicodedata.combining(each))
    cells = cell_len(character)
    return near if near.isascii() and len(near) == cells else "?" * cells


def _drawn(name: str) -> str:
    """The character for a part of a box or a plot, by its Unicode name; empty for another."""
    words = set(name.split())
    if "BRAILLE" in words:
        return " " if "BLANK" in words else "."
    if not {"BOX", "DRAWINGS"} <= words:
        return ""
    lies, stands = words & {"HORIZONTAL", "LEFT", "RIGHT"}, words & {"VERTICAL", "UP", "DOWN"}
    return "+" if lies and stands else "|" if stands else "-"


def _encode_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(plain_character, error.object[error.start : error.end])), error.end


codecs.register_error(PLAIN, _encode_plain)


class _Descriptor(io.RawIOBase):
    """A file descriptor of its own that takes whatever is written, kept or not."""

    def __init__(self, descriptor: int, tell: Callable[[OSError], None]) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self.lost: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: memoryview, /) -> int:  # type: ignore[override]
        """Write what fits, or nothing once a write has failed; never raises OSError."""
        while self.lost is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # another program has set the terminal so
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.lost = error
                if error.errno not in GONE and not os.isatty(self._descriptor):
                    self._tell(error)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)


class Stream(io.TextIOWrapper):
    """Standard output or error. `lost` is the error that a write met, None as long as all went."""

    def __init__(self, before: TextIO, tell: Callable[[OSError], None]) -> None:
        """Write where `before` does, in its encoding; `tell` hears once that this fails."""
        self._raw = _Descriptor(os.dup(before.fileno()), tell)
        super().__init__(
            io.BufferedWriter(self._raw),  # type: ignore[type-var]  # it wants truncate()
            encoding=before.encoding,
            errors=PLAIN,
            line_buffering=True,
        )

    @property
    def lost(self) -> OSError | None:
        """Why nothing is written any more."""
        return self._raw.lost


@contextlib.contextmanager
def own_streams(tell: Callable[[OutputLost], None]) -> Iterator[None]:
    """Inside the block `sys.stdout` and `sys.stderr`, which Textual draws on, are `Stream`s.

    They keep descriptors of their own: 1 and 2 may be moved to a log meanwhile. `tell` gets the
    error as soon as standard output cannot be written, unless its reader is gone. The block then
    ends with that error's exit code, if it would have ended with 0. Streams that are no files,
    as in tests, stay as they are.
    """
    _fill_closed()
    failed: list[OutputLost] = []

    def lose(error: OSError) -> None:
        failed.append(
            OutputLost(
                "The output cannot be written",
                error.strerror or type(error).__name__,
                "What the command did or does is kept. Free some space, or print elsewhere.",
            )
        )
        tell(failed[-1])

    before = sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__
    out = _own(sys.stdout, lose)
    err = _own(sys.stderr, lambda error: None)
    sys.stdout, sys.stderr = out, err
    sys.__stdout__ = out if isinstance(out, Stream) else before[2]  # type: ignore[misc]
    sys.__stderr__ = err if isinstance(err, Stream) else before[3]  # type: ignore[misc]
    code: object = 0
    try:
        yield
    except SystemExit as ended:
        code = ended.code
        raise
    finally:
        sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__ = before  # type: ignore[misc]
        for stream in (out, err):
            if isinstance(stream, Stream):
                stream.close()
        if failed and not code:
            sys.exit(failed[0].exit_code)


def _own(stream: TextIO | None, tell: Callable[[OSError], None]) -> TextIO:
    if stream is None:  # it was closed, and `_fill_closed` has opened the null device
        return open(os.devnull, "w", encoding="utf-8")
    try:
        stream.flush()
        stream.fileno()
    except (OSError, ValueError):
        return stream
    return Stream(stream, tell)


def _fill_closed() -> None:
    """Open the null device where a standard descriptor is closed: the next file to be opened, one
    of the workspace, would get its number, and what libraries print."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def insist_on_utf8() -> None:
    """Begin this process anew in UTF-8 mode where file names and arguments have only ASCII.

    That is the locale C or POSIX without Python's own cure for it: a person named Zoë could
    neither be typed nor be a folder's name. The child processes inherit it.
    """
    if codecs.lookup(sys.getfilesystemencoding()).name == "ascii" and not sys.flags.utf8_mode:
        command = python(*sys.orig_argv[1:])
        os.execve(command[0], command, environment(PYTHONUTF8="1"))


def mask_command_line() -> None:
    """Write `***` over credentials of URLs in what `ps` and /proc show of this process.

    They could be read for the moment before; a shell's history keeps them. Where the system does
    not allow it (Linux does) nothing changes.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        shown = Path("/proc/self/cmdline").read_bytes()
        words = shown.decode("utf-8", "surrogateescape").split("\0")
        masked = "\0".join(map(mask_credentials, words)).encode("utf-8", "surrogateescape")
        if masked == shown or len(masked) > len(shown):
            return
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start = int(fields[45])  # arg_start is field 48 of proc(5); these begin with field 3
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(masked.ljust(len(shown), b"\0"))

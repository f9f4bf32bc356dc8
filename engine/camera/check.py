"""Whether a source can be there at all, told without opening it and without waiting.

So that a misspelt path is said before a network is loaded. Needs no OpenCV.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine.camera.recording_folder import recording_path
from engine.camera.source import kind_of, local_path, split_address
from engine.camera.v4l import device_path, trouble
from engine.contract.errors import SourceDenied, SourceNotFound, SourceUnreadable


def check_source(text: str, *, may_come: bool = False) -> None:
    """Return if `text` may be a source; opening it can still fail.

    A device's file must be there unless it `may_come`, of a URL only the shape is looked at, and
    of a demo nothing. Raises SourceNotFound, SourceDenied, SourceUnreadable.
    """
    kind = kind_of(text)
    if kind == "stream":
        split_address(text.strip())
    elif kind == "webcam":
        path = device_path(text.strip())
        try:
            path.stat()
        except OSError as error:
            if not may_come:
                raise trouble(path, error) from error
    elif kind == "file":
        check_file(local_path(text.strip()))
    elif kind in ("folder", "replay"):
        path = recording_path(text.strip()) if kind == "replay" else local_path(text.strip())
        check_there(path)


def check_there(path: Path) -> None:
    """Return if there is something at `path` that may be read. Raises as `check_file` does."""
    try:
        readable = os.access(path, os.R_OK) if path.stat() else False
    except (OSError, ValueError) as error:
        raise SourceNotFound(
            "There is no such file or folder", str(path), "Check the path, relative to here."
        ) from error
    if not readable:
        raise SourceDenied(
            "The pictures may not be read",
            str(path),
            f"Check the permissions: ls -ld {path}",
        )


def check_file(path: Path) -> None:
    """Raise the typed cause why `path` cannot be a video file; return if it may be one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise SourceUnreadable(
                "This is not a file", str(path), "Give a video file, a folder or a device."
            )
        with path.open("rb") as file:
            head = file.read(1024)
    except PermissionError as error:
        raise SourceDenied(
            "The file may not be read",
            str(path),
            f"Check its permissions: ls -l {path}",
        ) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFound(
            "There is no such file",
            str(path),
            "Check the path, relative to the current folder.",
        ) from error
    except (OSError, ValueError) as error:
        raise SourceUnreadable("The file cannot be read", f"{path}: {error}") from error
    if not head:
        raise SourceUnreadable(
            "The file is empty",
            f"{path} has 0 bytes",
            "Copy or record it again.",
        )
    if is_text(head):
        # FFmpeg would render it as a film of scrolling letters.
        raise SourceUnreadable(
            "The file is not a video",
            f"{path} holds text",
            "Give a video file or a folder.",
        )


def is_text(head: bytes) -> bool:
    """Whether the beginning of a file is text: no video container begins without control bytes."""
    return not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)

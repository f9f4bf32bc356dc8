"""A recording as a source: the same frames with the same numbers, times and labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.camera.avi import Damaged, pictures, size_of
from engine.camera.frame import USUAL_FPS, Frame, SourceInfo, decoded
from engine.camera.masking import mask_credentials
from engine.camera.quiet import cv2
from engine.camera.tape_folder import FRAMES, LINES, SCHEME, not_whole, read_lines
from engine.errors import SourceDenied, SourceError, SourceNotFound
from engine.files import open_regular


class TapeSource:
    """A folder `NAME.fdrec`, or the `.part` that a crash left.

    `read` gives every whole frame and raises SourceUnreadable where the recording is damaged.
    Raises SourceNotFound, SourceDenied, SourceUnreadable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = open_regular(path / FRAMES)
        except PermissionError as error:
            raise SourceDenied(
                "The recording may not be read",
                str(path),
                f"Check its permissions: ls -ld {path}",
            ) from error
        except (OSError, ValueError) as error:
            raise SourceNotFound(
                "There is no such recording",
                f"{path} holds no {FRAMES}",
                "A recording is a folder NAME.fdrec, made with --record NAME.",
            ) from error
        self._last = -1
        self._pictures = pictures(self._file)
        self._lines = read_lines(path / LINES)
        self._about = next(self._lines, {})
        self._first: Frame | None = None
        try:
            self._first = self.read()
            if self._first is None:
                raise not_whole(path, "it holds no frame")
        except SourceError:
            self.close()
            raise
        height, width = self._first.image.shape[:2]
        fps = _number(self._about.get("fps"), 0.0)
        source = mask_credentials(str(self._about.get("source", "an unknown source")))
        self._info = SourceInfo(
            text=f"{SCHEME}{path}",
            kind="replay",
            live=False,
            width=width,
            height=height,
            fps=fps if 1 <= fps <= 1000 else USUAL_FPS,
            demo=self._about.get("demo") is True,
            detail=f"recorded from {source}, {width}x{height}",
        )

    @property
    def info(self) -> SourceInfo:
        """`detail` names the recorded source, `demo` is as it was."""
        return self._info

    def read(self) -> Frame | None:
        """The next frame, None after the last. Raises SourceUnreadable where it is damaged."""
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        return self._next(self._lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _next(self, lines: Iterator[dict[str, Any]]) -> Frame | None:
        try:
            png = next(self._pictures, None)
            if png is None:
                return None
            width, height = size_of(png)
            about = next(lines, None)
            if about is None:
                raise Damaged(f"frame {self._last + 1} has no line in {LINES}")
            image = decoded(True, cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR))
            if image is None or image.shape[:2] != (height, width):
                raise Damaged(f"the picture after frame {self._last} cannot be decoded")
            sequence = about.get("sequence")
            if type(sequence) is not int or not self._last < sequence < 1 << 53:
                raise Damaged(f"the number after frame {self._last} is {sequence!r}")
        except (Damaged, OSError, cv2.error) as error:
            raise not_whole(self._path, str(error)) from error
        self._last = sequence
        seconds = _number(about.get("seconds"), 0.0)
        return Frame(image, sequence, seconds, str(about.get("label", "")))


def _number(value: Any, otherwise: float) -> float:
    """A finite number from a file that anybody may have written."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return number if math.isfinite(number) else otherwise

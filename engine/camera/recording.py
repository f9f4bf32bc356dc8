"""Recording the frames that a job took, and a recording as a source of the same frames.

The pictures are a plain AVI file of PNGs (`MPNG`): lossless, playable, readable up to any damage.
It is written and read here and not by FFmpeg, because a recording must survive a power cut
half-way, and because every length in a stranger's file is checked before anything is decoded. The
layout is Microsoft's "AVI RIFF File Reference": header lists, then one `00dc` chunk a picture,
then an index.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.camera.opencv import cv2
from engine.camera.recording_folder import FRAMES, LINES, SCHEME, not_whole, read_lines
from engine.camera.source import MOST_SIDE, USUAL_FPS, Frame, Image, Source, SourceInfo, decoded
from engine.contract import Emit, Notice
from engine.contract.errors import SourceDenied, SourceError, SourceNotFound, UsageError
from engine.pictures import Costly, refuse_costly
from engine.text import many, mask_credentials
from engine.workspace.files import new_file, open_regular

CHUNK = b"00dc"
INDEX = b"idx1"
LONGEST_PICTURE = 64 << 20
"""Bytes of one picture beyond which a file is not ours."""
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_KEY_FRAME = 0x10
_HEADER = 224
"""Bytes before the first picture's chunk."""


class Damaged(ValueError):
    """The file is no AVI of ours, or ends in the middle of a picture."""


class AviWriter:
    """Appends pictures to a new file, mode 0600. Methods raise OSError.

    A file that was never closed lacks only its counts and its index: `pictures` reads it all the
    same. Pictures should have the size given here; players expect it, `pictures` does not.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self._file = os.fdopen(new_file(path), "wb")
        self._width, self._height = width, height
        self._fps = fps if 1 <= fps <= 1000 else USUAL_FPS
        self._sizes: list[int] = []
        self._file.write(self._header(0, 0))
        self.length = _HEADER
        """Bytes so far, with the index to come."""

    def add(self, png: bytes) -> None:
        """Append one picture; the operating system has it when this returns."""
        self._file.write(CHUNK + struct.pack("<I", len(png)) + png + b"\0" * (len(png) & 1))
        self._file.flush()
        self._sizes.append(len(png))
        self.length += 8 + len(png) + (len(png) & 1) + 16

    def close(self) -> None:
        """Write index and counts, and flush to disk. May be called twice."""
        if self._file.closed:
            return
        with self._file as file:
            pictures = file.tell() - _HEADER
            file.write(INDEX + struct.pack("<I", 16 * len(self._sizes)))
            offset = 4  # counted from the list's own type
            for size in self._sizes:
                file.write(CHUNK + struct.pack("<3I", _KEY_FRAME, offset, size))
                offset += 8 + size + (size & 1)
            end = file.tell()
            file.seek(0)
            file.write(self._header(end - 8, pictures + 4))
            file.flush()
            os.fsync(file.fileno())

    def _header(self, whole: int, pictures: int) -> bytes:
        """The first _HEADER bytes; `whole` and `pictures` are the lengths of the two lists."""
        count, largest = len(self._sizes), max(self._sizes, default=0)
        rate = round(self._fps * 1000)
        main = struct.pack(
            "<14I",
            round(1e6 / self._fps), 0, 0, _KEY_FRAME, count, 0, 1, largest,
            self._width, self._height, 0, 0, 0, 0,
        )  # fmt: skip
        stream = struct.pack(
            "<4s4s10I4H",
            b"vids", b"MPNG", 0, 0, 0, 1000, rate, 0, count, largest, 0xFFFFFFFF, 0,
            0, 0, self._width, self._height,
        )  # fmt: skip
        picture = struct.pack(
            "<3I2H4s5I", 40, self._width, self._height, 1, 24, b"MPNG",
            self._width * self._height * 3, 0, 0, 0, 0,
        )  # fmt: skip
        streams = b"strl" + _block(b"strh", stream) + _block(b"strf", picture)
        lists = _block(b"LIST", b"hdrl" + _block(b"avih", main) + _block(b"LIST", streams))
        riff = b"RIFF" + struct.pack("<I", whole) + b"AVI " + lists
        return riff + b"LIST" + struct.pack("<I", pictures) + b"movi"


def _block(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content


def pictures(file: BinaryIO) -> Iterator[bytes]:
    """The PNG data of every picture in order. Raises Damaged where the file ends or goes wrong.

    Ends at the index; a file that was cut exactly between two pictures ends there too.
    """
    head = file.read(_HEADER)
    if len(head) < _HEADER or head[:4] != b"RIFF" or head[8:12] != b"AVI " or head[-4:] != b"movi":
        raise Damaged("it does not begin as a recording does")
    number = 0
    while chunk := file.read(8):
        if len(chunk) < 8:
            raise Damaged(f"it ends in the middle of picture {number}")
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == INDEX:
            return
        if name != CHUNK or size > LONGEST_PICTURE:
            raise Damaged(f"picture {number} is none")
        png = file.read(size + (size & 1))
        if len(png) < size:
            raise Damaged(f"it ends in the middle of picture {number}")
        yield png[:size]
        number += 1


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height that a PNG claims, read without decoding it.

    Raises Damaged unless it is one of 8-bit RGB, not too large, and built as ours are.
    """
    if len(png) < 33 or not png.startswith(_PNG):
        raise Damaged("a picture is no PNG")
    width, height, depth, colour = struct.unpack_from(">2I2B", png, 16)
    if (depth, colour) != (8, 2) or not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise Damaged(f"a picture claims to be {width}x{height} of depth {depth}")
    try:
        refuse_costly(png)
    except Costly as error:
        raise Damaged(str(error)) from error
    return width, height


MEGABYTE = 1_000_000
FAST = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH),
]
"""Lossless as every PNG. Of OpenCV's settings this one is both fast and small: 640x480 with a
sensor's noise takes two thirds of the default's time and 400 instead of 464 kB."""


class FrameRecording:
    """Writes frames into a recording's folder. Methods raise OSError."""

    def __init__(self, folder: Path, source: SourceInfo) -> None:
        self._folder = folder
        self._source = source
        self._video: AviWriter | None = None
        self._lines = os.fdopen(new_file(folder / LINES), "w", encoding="utf-8")
        self.frames = 0
        about = {name: getattr(source, name) for name in ("kind", "demo", "live", "fps")}
        self._line({"source": mask_credentials(source.text), **about})

    @property
    def bytes(self) -> int:
        """Size of the video so far."""
        return self._video.length if self._video else 0

    def add(self, frame: Frame) -> None:
        """Append one frame: the picture first, so that a line always has its picture."""
        if self._video is None:
            height, width = frame.image.shape[:2]
            self._video = AviWriter(self._folder / FRAMES, width, height, self._source.fps)
        self._video.add(encoded(frame.image))
        self.frames += 1
        label = mask_credentials(frame.label)
        self._line({"sequence": frame.sequence, "seconds": frame.seconds, "label": label})

    def close(self) -> None:
        """Finish both files. May be called twice."""
        try:
            if self._video is not None:
                self._video.close()
        finally:
            self._lines.close()

    def _line(self, value: dict[str, object]) -> None:
        self._lines.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._lines.flush()


def encoded(image: Image) -> bytes:
    """A frame (BGR uint8 HxWx3) as a lossless PNG."""
    good, data = cv2.imencode(".png", image, FAST)
    if not good:
        raise OSError("OpenCV could not encode a frame")
    return data.tobytes()


def recorded_frames(
    frames: Iterable[Frame], info: SourceInfo, folder: str | None, most_megabytes: int, emit: Emit
) -> Generator[Frame, None, None]:
    """The frames of the source `info`, each recorded in `folder` (if any) before it is passed on.

    A full disk or a recording of `most_megabytes` ends the recording with a Notice, never the
    job. Raises UsageError for a folder of pictures, which is its own recording.
    """
    if folder is None:
        yield from frames
        return
    if info.kind == "folder":
        hint = "The folder is its own recording. Keep it."
        raise UsageError("A folder of pictures is not recorded", info.text, hint)

    def end(recording: FrameRecording, why: str = "") -> None:
        try:
            recording.close()
        except OSError as error:
            why = f"{why or 'The recording ended'}; it lacks its end: {error}"
        if why:
            emit(Notice(text=why, level="warning"))

    recording: FrameRecording | None = None
    try:
        recording = FrameRecording(Path(folder), info)
    except OSError as error:
        emit(Notice(text=f"Nothing is recorded: {error}", level="warning"))
    try:
        for frame in frames:
            if recording is not None and (why := _why_not(recording, frame, most_megabytes)):
                end(
                    recording, f"The recording ended after {many(recording.frames, 'frame')}: {why}"
                )
                recording = None
            yield frame
    finally:
        if recording is not None:
            end(recording)


def _why_not(recording: FrameRecording, frame: Frame, most_megabytes: int) -> str:
    """Record one frame; why it could not be, or nothing."""
    if recording.bytes >= most_megabytes * MEGABYTE:
        return f"it has {most_megabytes} MB (record.most_megabytes). The session goes on"
    try:
        recording.add(frame)
    except OSError as error:
        return str(error)
    return ""


class RecordingSource(Source):
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
                "The recording may not be read", str(path), f"Check its permissions: ls -ld {path}"
            ) from error
        except (OSError, ValueError) as error:
            said = f"{path} holds no {FRAMES}"
            hint = "A recording is a folder NAME.fdrec."
            raise SourceNotFound("There is no such recording", said, hint) from error
        self._last = -1
        self._pictures = pictures(self._file)
        self._lines = read_lines(path / LINES)
        about = next(self._lines, {})
        try:
            self._ahead = self.read()
            if self._ahead is None:
                raise not_whole(path, "it holds no frame")
        except SourceError:
            self.close()
            raise
        height, width = self._ahead.image.shape[:2]
        fps = _number(about.get("fps"), 0.0)
        source = mask_credentials(str(about.get("source", "an unknown source")))
        fps = fps if 1 <= fps <= 1000 else USUAL_FPS
        demo = about.get("demo") is True
        detail = f"recorded from {source}, {width}x{height}"
        self.info = SourceInfo(
            f"{SCHEME}{path}", "replay", False, width, height, fps, demo, detail=detail
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> Frame | None:
        try:
            png = next(self._pictures, None)
            if png is None:
                return None
            width, height = size_of(png)
            about = next(self._lines, None)
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
    """A number from a file that anybody may have written."""
    return float(value) if type(value) in (int, float) else otherwise

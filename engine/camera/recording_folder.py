"""A recording on disk: a private folder that is `NAME.fdrec.part` until it is complete.

    frames.avi      every frame the job took, lossless (`engine.camera.recording`)
    frames.jsonl    first the source, then a line a frame: sequence, seconds, label
    events.jsonl    what the job reported, a line an event, with its time
    session.json    job, request, settings and versions

Nothing here needs OpenCV, so that the user interface may ask what a recording is of.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.contract.errors import SourceNotFound, SourceUnreadable, UsageError
from engine.workspace.files import (
    DIRECTORY_MODE,
    make_directory,
    open_regular,
    parse_json,
    sync_directory,
)
from engine.workspace.owner import translate_os_errors

SUFFIX, PART, SCHEME = ".fdrec", ".part", "replay:"
FRAMES, LINES, EVENTS, SESSION = "frames.avi", "frames.jsonl", "events.jsonl", "session.json"
FORMAT = 1
LONGEST_LINE = 1 << 16
"""Bytes of a line beyond which a file is not ours."""
LARGEST_SESSION = 1 << 20


def is_recording(text: str) -> bool:
    """Whether a source's text names a recording, without opening it."""
    name = text.rstrip("/")
    return text.startswith(SCHEME) or name.endswith((SUFFIX, SUFFIX + PART))


def recording_path(text: str) -> Path:
    """The folder of `replay:PATH` or PATH."""
    return home_of(text.removeprefix(SCHEME))


def home_of(text: str) -> Path:
    """The path that `text` names, `~` being a home; unlike Path.expanduser it never raises."""
    try:
        return Path(os.path.expanduser(text))
    except ValueError:  # a user's name with a NUL in it
        return Path(text)


def new_recording(path: Path, *, number: bool = False) -> tuple[Path, Path]:
    """Make the unfinished folder for a recording; it and the folder it becomes.

    `NAME` becomes `NAME.fdrec`. With `number`, `NAME-2.fdrec` and so on where it is taken.
    Raises UsageError where it is taken otherwise, DiskFull and WorkspaceUnusable.
    """
    plain = path.expanduser().absolute()
    plain = plain.with_suffix("") if plain.suffix == SUFFIX else plain
    make_directory(plain.parent)
    for count in range(1, 10_000):
        done = plain.with_name(f"{plain.name}{f'-{count}' if count > 1 else ''}{SUFFIX}")
        part = done.with_name(done.name + PART)
        if not os.path.lexists(done) and _made(part):
            return part, done
        if not number:
            break
    hint = f"Choose another name, or remove it: rm -r {shlex.quote(str(done))}*"
    raise UsageError("There is a recording of this name already", str(done), hint)


def _made(part: Path) -> bool:
    """Whether the folder was made; False if it was there before."""
    with translate_os_errors("make the recording's folder", part):
        try:
            part.mkdir(mode=DIRECTORY_MODE)
        except FileExistsError:
            return False
        part.chmod(DIRECTORY_MODE)
        return True


def complete(part: Path, done: Path) -> None:
    """Give a finished recording its name. Raises DiskFull, WorkspaceUnusable."""
    with translate_os_errors("finish a recording", part):
        sync_directory(part)
        part.rename(done)
        sync_directory(done.parent)


def read_session(path: Path) -> dict[str, Any]:
    """What was recorded, from `session.json`.

    Raises SourceNotFound, SourceUnreadable for what is no recording of this version.
    """
    if not path.is_dir():
        hint = "A recording is a folder NAME.fdrec."
        raise SourceNotFound("There is no such recording", str(path), hint)
    try:
        with open_regular(path / SESSION) as file:
            session = parse_json(file.read(LARGEST_SESSION))
        if session["format"] != FORMAT or not isinstance(session["request"], dict):
            raise ValueError(f"it has format {session['format']!r}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise not_whole(path, f"{SESSION} cannot be used ({error})") from error
    return dict(session)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file, up to the first line that is cut short or is none."""
    try:
        with open_regular(path) as file:
            while line := file.readline(LONGEST_LINE):
                value = parse_json(line)
                if not line.endswith(b"\n") or not isinstance(value, dict):
                    return
                yield value
    except (OSError, ValueError):
        return


def not_whole(path: Path, why: str) -> SourceUnreadable:
    """The error for a damaged recording."""
    hint = "What comes before the damage was used. Record again for the rest."
    return SourceUnreadable("The recording is damaged", f"{path}: {why}", hint)

"""Targets: photographs, crops, films, recordings, and folders to be imported."""

from __future__ import annotations

import itertools
import os
import shutil
from functools import cache
from pathlib import Path

import numpy as np

from engine.camera.recording import RecordingSource
from engine.camera.recording_folder import read_lines, read_session
from engine.camera.video import VideoFileSource
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import ImportDone
from engine.contract.errors import SourceUnreadable
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.people.import_plan import plan_import
from engine.people.importing import Import
from engine.people.registry import People
from engine.pictures import MOST_PIXELS, decode_crop, read_photograph
from engine.workspace.folder import Workspace
from tests.fuzz import scratch, seeds

FRAMES = 4
"""Frames of a film that are read."""


def photograph(data: bytes) -> None:
    """A photograph, whatever its name says."""
    image = read_photograph(scratch.file("photograph.jpg", data))
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert 0 < image.shape[0] * image.shape[1] <= MOST_PIXELS


def crop(data: bytes) -> None:
    """A crop of the workspace."""
    assert decode_crop(scratch.file("0001.png", data)).shape == (160, 160, 3)


def clip(data: bytes) -> None:
    """A film."""
    source = VideoFileSource(scratch.file("clip.mp4", data))
    try:
        for frame in itertools.islice(iter(source.read, None), FRAMES):
            assert frame.image.dtype == np.uint8
            assert frame.image.shape[2] == 3
    finally:
        source.close()


def recording(data: bytes) -> None:
    """One file of a recording, the others as they should be."""
    files = dict(seeds.recording_files())
    name = sorted(files)[(data[0] if data else 0) % len(files)]
    folder = scratch.tree("t.fdrec", {**files, name: data[1:]})
    try:
        source = RecordingSource(folder)
        last = -1
        while frame := source.read():
            assert last < frame.sequence
            last = frame.sequence
        source.close()
    except SourceUnreadable:
        list(itertools.islice(read_lines(folder / "events.jsonl"), 100))
        read_session(folder)
        raise
    read_session(folder)


def importer(data: bytes) -> None:
    """A folder of people whose names, kinds and contents the bytes choose.

    Whatever lies there, nothing outside the workspace changes and only whole pictures come in.
    """
    root = scratch.tree("in", {})
    outside = scratch.file("outside/secret.png", seeds.crop_seeds()[0].body)
    stream = iter(data)

    def byte() -> int:
        return next(stream, 0)

    pictures = [seeds.picture_seeds(kind)[0].body for kind in ("PNG", "JPEG", "GIF", "BMP")]
    for _ in range(byte() % 4 + 1):
        person = root / os.fsdecode(_name(bytes(byte() for _ in range(byte() % 12))))
        person.mkdir(exist_ok=True)
        for _ in range(byte() % 4):
            name = os.fsdecode(_name(bytes(byte() for _ in range(byte() % 9))))
            name += (".png", ".JPG", ".gif", "", ".bmp", ".txt")[byte() % 6]
            _put(person / name, byte(), pictures[byte() % len(pictures)], outside)
    workspace = Workspace(scratch.tree("in-workspace", {}))
    workspace.prepare()
    events = list(
        Import(
            plan_import(root),
            People(workspace),
            _finder(),
            QualityGates(load_settings().gates),
            "central",
            Cancel(),
        ).run()
    )
    assert isinstance(events[-1], ImportDone)
    for person in People(workspace).list():
        for path in People(workspace).pictures(person):
            decode_crop(path)
    assert not People(workspace).unread()


@cache
def _finder() -> FaceFinder:
    return FaceFinder(load_settings().detection)


def _name(raw: bytes) -> bytes:
    """Any name that a file system takes."""
    return raw.replace(b"/", b"_").replace(b"\0", b"_").strip(b".")[:200] or b"x"


def _put(path: Path, kind: int, picture: bytes, outside: Path) -> None:
    """A file, or what is none, at `path`."""
    if path.exists() or path.is_symlink():
        return
    match kind % 9:
        case 0:
            path.symlink_to(outside)
        case 1:
            path.symlink_to(path)
        case 2:
            os.mkfifo(path)
        case 3:
            path.mkdir()
        case 4:
            path.write_bytes(picture[: len(picture) * kind // 255])
        case 5:
            path.symlink_to("/dev/zero")
        case 6:
            os.link(outside, path)
        case 7:
            shutil.copyfile(seeds.PORTRAIT, path)
        case _:
            path.write_bytes(picture)

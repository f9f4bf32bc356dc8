"""Pictures of a few bytes that ask for minutes or gigabytes, at every way in."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from engine.camera.folder import FolderSource
from engine.camera.mjpeg import decode
from engine.camera.recording import AviWriter, RecordingSource
from engine.camera.recording_folder import FRAMES, LINES
from engine.cancel import Cancel
from engine.contract import ImportRefused, Notice, PictureSkipped
from engine.contract.errors import SourceUnreadable
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.people.import_plan import plan_import
from engine.people.importing import Import
from engine.people.registry import People
from engine.pictures import (
    MOST_BLOCKS,
    MOST_SCANS,
    Unreadable,
    decode_crop,
    encode_png,
    read_photograph,
)
from engine.settings import DetectionSettings, GateSettings
from engine.workspace.folder import Workspace
from tests.attack.child import child

FEW = 60
"""MiB that refusing one of these may take, its own bytes (at most 10 MB) included."""
EMPTY_SCAN = bytes.fromhex("ffda0008010100063f02") + b"\x00"


@cache
def progressive(scans: int, size: tuple[int, int] = (2000, 2000)) -> bytes:
    """A sound progressive JPEG with so many scans more than an encoder makes."""
    out = io.BytesIO()
    Image.new("L", size, 128).save(out, "JPEG", progressive=True)
    return out.getvalue()[:-2] + EMPTY_SCAN * scans + b"\xff\xd9"


def claiming(side: int, data: bytes) -> bytes:
    """The same JPEG of `progressive`, whose header says that it is so many pixels wide and high."""
    size = struct.Struct(">HH")
    assert data.count(size.pack(2000, 2000)) == 1
    return data.replace(size.pack(2000, 2000), size.pack(side, side))


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def saved(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (160, 160), (200, 30, 10)).save(out, kind, **options)
    return out.getvalue()


def stuffed(kind: str, count: int) -> bytes:
    """A sound picture with so many empty segments, chunks or comments before it."""
    data = saved(kind)
    place = data.index(b"\x2c") if kind == "GIF" else {"JPEG": 2, "PNG": 33}[kind]
    each = {"JPEG": b"\xff\xe5\0\2", "PNG": chunk(b"xxXx"), "GIF": b"\x21\xfe\x01x\0"}[kind]
    return data[:place] + each * count + data[place:]


def photograph(folder: Path, data: bytes) -> str:
    (folder / "a.jpg").write_bytes(data)
    with pytest.raises(Unreadable) as caught:
        read_photograph(folder / "a.jpg")
    return caught.value.reason


def folder_source(folder: Path, data: bytes) -> str:
    (folder / "a.jpg").write_bytes(data)
    heard: list[PictureSkipped] = []
    with pytest.raises(SourceUnreadable):
        FolderSource(folder, heard.append)  # type: ignore[arg-type]
    return heard[0].reason


def imported(folder: Path, data: bytes) -> str:
    (folder / "in" / "Ada").mkdir(parents=True)
    (folder / "in" / "Ada" / "a.jpg").write_bytes(data)
    workspace = Workspace(folder / "w")
    workspace.prepare()
    finder, gates = FaceFinder(DetectionSettings(detector="haar")), QualityGates(GateSettings())
    with workspace.writer("test"):
        plan = plan_import(folder / "in")
        events = list(Import(plan, People(workspace), finder, gates, "central", Cancel()).run())
    assert not (folder / "w" / "people" / "ada").exists()
    return next(event.reason for event in events if isinstance(event, ImportRefused))


@pytest.mark.parametrize("way_in", [photograph, folder_source, imported])
@pytest.mark.parametrize(
    "data",
    [progressive(1000), *(stuffed(kind, 300_000) for kind in ("JPEG", "PNG", "GIF"))],
    ids=["scans", "segments", "chunks", "comments"],
)
def test_a_picture_out_of_all_proportion_is_too_large_at_every_way_in(
    tmp_path: Path, way_in: Callable[[Path, bytes], str], data: bytes
) -> None:
    assert way_in(tmp_path, data) == "too_large"


def test_nor_is_it_decoded_as_a_frame_of_a_camera() -> None:
    assert decode(progressive(MOST_SCANS - 50)) is not None
    assert decode(progressive(1000)) is None


def test_nor_as_a_crop_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "0001.png").write_bytes(stuffed("PNG", MOST_BLOCKS + 1))
    with pytest.raises(Unreadable, match="cannot be read"):
        decode_crop(tmp_path / "0001.png")
    (tmp_path / "0002.png").write_bytes(stuffed("PNG", 100))
    assert decode_crop(tmp_path / "0002.png").shape == (160, 160, 3)


def test_nor_as_a_frame_of_a_recording(tmp_path: Path) -> None:
    (tmp_path / LINES).write_text('{"source": "x"}\n' + '{"sequence": 0, "seconds": 0}\n')
    writer = AviWriter(tmp_path / FRAMES, 160, 160, 25.0)
    writer.add(stuffed("PNG", MOST_BLOCKS + 1))
    writer.close()
    with pytest.raises(SourceUnreadable, match="more chunks"):
        RecordingSource(tmp_path)


def test_few_scans_of_the_largest_picture_are_still_too_many(tmp_path: Path) -> None:
    assert photograph(tmp_path, claiming(8900, progressive(60))) == "too_large"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_refusing_costs_no_memory(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(
        stuffed(kind, 10_000_000 // {"JPEG": 4, "PNG": 12, "GIF": 5}[kind])
    )
    told = child(
        "try: read_photograph(Path(path))\nexcept Unreadable as error: said = error.reason",
        "from pathlib import Path\nfrom engine.pictures import Unreadable, read_photograph\n",
        path=str(tmp_path / "a"),
    )
    assert told.said == "too_large"
    assert told.megabytes < FEW


def test_scans_that_no_decoder_meets_are_not_counted(tmp_path: Path) -> None:
    scans = EMPTY_SCAN * (2 * MOST_SCANS)
    margin = b"\xff\xe5" + struct.pack(">H", 2 + len(scans)) + scans
    sound = progressive(0, (160, 160))
    for data in (sound[:2] + margin + sound[2:], sound + scans, sound[:-2] + margin + sound[-2:]):
        (tmp_path / "a.jpg").write_bytes(data)
        assert read_photograph(tmp_path / "a.jpg").shape == (160, 160, 3)


def test_scans_hidden_behind_what_is_no_marker_are_counted(tmp_path: Path) -> None:
    sound = progressive(0, (160, 160))
    for noise in (b"\xff\xff", b"\xff\x01", b"\xff\x00\xff", b"\x00\x17\xff\xd0"):
        data = sound[:-2] + (noise + EMPTY_SCAN) * (2 * MOST_SCANS) + sound[-2:]
        assert photograph(tmp_path, data) == "too_large"


@pytest.mark.parametrize("end", [b"\x00", b"\xd9", b"\xda"])
def test_a_run_of_empty_bytes_is_looked_at_once_and_not_decoded(tmp_path: Path, end: bytes) -> None:
    assert photograph(tmp_path, b"\xff\xd8" + b"\xff" * 20_000_000 + end) == "too_large"


def test_some_padding_before_a_picture_is_not_too_much(tmp_path: Path) -> None:
    sound = saved("JPEG")
    (tmp_path / "a.jpg").write_bytes(sound[:2] + b"\xff" * 1000 + sound[2:])
    assert read_photograph(tmp_path / "a.jpg").shape == (160, 160, 3)


def test_what_encoders_really_make_is_read(tmp_path: Path) -> None:
    for kind, options in (
        ("JPEG", {"progressive": True}), ("JPEG", {}), ("PNG", {}),
        ("GIF", {"comment": b"x" * 999}),
        ("WEBP", {}), ("TIFF", {"compression": "jpeg"}), ("AVIF", {}), ("BMP", {}),
    ):  # fmt: skip
        (tmp_path / "a").write_bytes(saved(kind, **options))
        assert read_photograph(tmp_path / "a").shape == (160, 160, 3)
    (tmp_path / "b.png").write_bytes(encode_png(read_photograph(tmp_path / "a")))
    assert decode_crop(tmp_path / "b.png").shape == (160, 160, 3)


def test_signals_are_handled_while_a_picture_is_decoded(tmp_path: Path) -> None:
    """Counted are the signals that come through while another thread decodes: none if it is the
    main thread that does."""
    (tmp_path / "first.jpg").write_bytes(progressive(0, (160, 160)))
    (tmp_path / "a.jpg").write_bytes(progressive(90, (3000, 3000)))
    told = child(
        "read_photograph(Path(path).with_name('first.jpg'))\n"  # Pillow loads its decoders
        "signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)\n"
        "read_photograph(Path(path))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "said = sum(ticks)\n",
        "import signal, threading\nfrom pathlib import Path\n"
        "from engine.pictures import read_photograph\n"
        "ticks = []\n"
        "def tick(*_): ticks.append(threading.active_count() > 1)\n"
        "signal.signal(signal.SIGALRM, tick)\n",
        path=str(tmp_path / "a.jpg"),
    )
    assert told.said > 3


def test_a_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    """Whoever made the folder need not be who may read what the link names."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "diary.png").write_bytes(saved("PNG"))
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "own.png").write_bytes(saved("PNG"))
    (folder / "a.png").symlink_to(secret / "diary.png")
    (folder / "sub" / "b.png").symlink_to("../../secret/diary.png")
    (folder / "more").symlink_to(secret)
    (folder / "within.png").symlink_to("own.png")
    heard: list[Notice] = []
    source = FolderSource(folder, heard.append)  # type: ignore[arg-type]
    assert [frame.label for frame in iter(source.read, None)] == ["own.png", "within.png"]
    assert [each.text for each in heard] == [
        "a.png leads out of the folder and was left out",
        "sub/b.png leads out of the folder and was left out",
    ]
    (tmp_path / "link").symlink_to(folder)  # the operator's own choice
    labels = [frame.label for frame in iter(FolderSource(tmp_path / "link").read, None)]
    assert labels == ["own.png", "within.png"]

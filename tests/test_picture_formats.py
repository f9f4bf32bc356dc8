"""Formats that are whole but not read, scales that are not told, files of several pictures."""

from __future__ import annotations

import io
import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.camera.folder import FolderSource
from engine.contract import Event, Notice, PictureSkipped
from engine.contract.errors import SourceUnreadable
from engine.picture_formats import FORMATS, format_of, is_picture_name
from engine.pictures import Unreadable, read_photograph


def boxes(*brands: bytes) -> bytes:
    """The beginning of a file of boxes, as HEIC, AVIF and MP4 are."""
    body = brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I4s", 8 + len(body), b"ftyp") + body + bytes(500)


def written(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), (200, 30, 10)).save(out, kind, **options)
    return out.getvalue()


NOT_READ = [
    (boxes(b"heic", b"mif1", b"heic"), "heic"),
    (boxes(b"mif1", b"mif1", b"heic"), "heic"),
    (boxes(b"crx ", b"crx ", b"isom"), "camera_raw"),
    (boxes(b"isom", b"isom", b"mp42"), "film"),
    (b"RIFF\0\0\0\0AVI LIST" + bytes(99), "film"),
    (written("JPEG2000"), "jpeg_2000"),
    (written("JPEG2000", no_jp2=True), "jpeg_2000"),
    (b"\xff\x0a" + bytes(99), "jpeg_xl"),
    (written("TIFF", tiffinfo={50706: b"\1\4\0\0"}), "camera_raw"),  # DNG
    (written("TIFF", tiffinfo={254: 1, 330: 8}), "camera_raw"),  # NEF: a small copy above the rest
    (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "camera_raw"),
    (b"FUJIFILMCCD-RAW 0201" + bytes(99), "camera_raw"),
    (b"IIU\0" + bytes(99), "camera_raw"),
    (b"8BPS\0\1" + bytes(99), "photoshop"),
    (written("PDF"), "pdf"),
    (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
    (b"\n<!DOCTYPE html><html><body>404</body></html>", "web_page"),
]


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".HEIC", ""])
@pytest.mark.parametrize(
    ("data", "code"), NOT_READ, ids=[f"{at}-{code}" for at, (_data, code) in enumerate(NOT_READ)]
)
def test_a_format_that_is_not_read_is_named_by_what_the_file_holds(
    tmp_path: Path, data: bytes, code: str, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    with pytest.raises(Unreadable) as caught:
        read_photograph(path)
    assert caught.value.reason == code
    assert caught.value.message == FORMATS[code]
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF"])
def test_a_picture_that_is_read_is_read_under_any_suffix(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.heic").write_bytes(written(kind))
    assert read_photograph(tmp_path / "a.heic").shape == (24, 32, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_half_a_picture_of_a_format_that_is_read_is_damaged(tmp_path: Path, kind: str) -> None:
    data = written(kind)
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(Unreadable) as caught:
        read_photograph(tmp_path / "a.jpg")
    assert caught.value.reason == "unreadable"
    assert "BytesIO" not in caught.value.message


def test_a_tiff_of_a_kind_that_is_not_read_is_no_damaged_one(tmp_path: Path) -> None:
    data = bytearray(written("TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    for place in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, place)[0] == 262:  # how colours are told
            struct.pack_into("<H", data, place + 8, 32844)
    (tmp_path / "a.tif").write_bytes(bytes(data))
    with pytest.raises(Unreadable) as caught:
        read_photograph(tmp_path / "a.tif")
    assert caught.value.reason == "tiff_kind"


@pytest.mark.parametrize("code", FORMATS)
def test_every_format_has_words_with_a_cure(code: str) -> None:
    assert ";" in FORMATS[code]


@pytest.mark.parametrize("length", range(0, 40, 3))
def test_beginnings_that_end_too_soon_are_nothing_known(length: int) -> None:
    for data in (written("TIFF"), boxes(b"heic", b"mif1")):
        assert format_of(data[:length]) in (None, "heic", "film")


def test_the_raw_pictures_of_a_folder_are_named_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.cr2").write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(99))
    (tmp_path / "b.jpg").write_bytes(written("JPEG"))
    assert is_picture_name(tmp_path / "a.CR2")
    heard: list[Event] = []
    assert FolderSource(tmp_path, heard.append).read() is not None
    skipped = [event for event in heard if isinstance(event, PictureSkipped)]
    assert [(event.file, event.reason) for event in skipped] == [("a.cr2", "camera_raw")]
    assert FORMATS["camera_raw"] in skipped[0].text


def test_one_picture_as_a_source_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(boxes(b"heic"))
    with pytest.raises(SourceUnreadable, match="heif-convert"):
        FolderSource(tmp_path / "a.heic")


# --- scales ---------------------------------------------------------------------------------

RAMP = np.tile(np.linspace(0, 1, 256), (64, 1))


def shown(tmp_path: Path, values: NDArray[np.generic], suffix: str = ".tif") -> NDArray[np.float64]:
    """A ramp from black to white as it is read, 0 to 1."""
    Image.fromarray(values).save(tmp_path / f"a{suffix}")
    return read_photograph(tmp_path / f"a{suffix}")[:, :, 1] / 255


@pytest.mark.parametrize(
    ("depth", "white"),
    [
        (np.float32, 1),  # whole numbers have no fractions
        *itertools.product((np.float32, np.int32, np.uint16), (255, 1023, 4095, 16383, 65535)),
    ],
)
def test_a_tiff_of_any_scale_has_the_right_brightness(
    tmp_path: Path, white: int, depth: type[np.generic]
) -> None:
    assert np.abs(shown(tmp_path, (RAMP * white).astype(depth)) - RAMP).max() < 0.01


def test_a_few_bright_or_missing_values_do_not_darken_the_rest(tmp_path: Path) -> None:
    values = (RAMP * 1.02 - 0.01).astype(np.float32)  # sharpened
    values[0, :3] = np.nan, np.inf, 300
    assert np.abs(shown(tmp_path, values) - RAMP)[1:].max() < 0.02


def test_values_on_both_sides_of_nothing_are_spread(tmp_path: Path) -> None:
    assert np.abs(shown(tmp_path, (RAMP * 2 - 1).astype(np.float32)) - RAMP).max() < 0.01


def test_a_dark_picture_whose_format_says_what_white_is_stays_dark(tmp_path: Path) -> None:
    dark = shown(tmp_path, (RAMP * 4095).astype(np.uint16), ".png")
    assert dark.max() == pytest.approx(1 / 16, abs=0.01)


def test_nothing_but_missing_values_is_black(tmp_path: Path) -> None:
    assert shown(tmp_path, np.full((8, 8), np.nan, np.float32)).max() == 0


# --- several pictures -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_that_only_the_first_of_several_pictures_is_used_is_said(tmp_path: Path, kind: str) -> None:
    colours = [Image.new("RGB", (32, 24), colour) for colour in ("white", "black", "red")]
    colours[0].save(tmp_path / "a.png", kind, save_all=True, append_images=colours[1:])
    heard: list[str] = []
    assert read_photograph(tmp_path / "a.png", heard.append).min() > 250
    assert heard == ["of its several pictures only the first is used"]
    events: list[Event] = []
    FolderSource(tmp_path, events.append)
    assert [event.text for event in events if isinstance(event, Notice)] == [f"a.png: {heard[0]}"]


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "GIF", "WEBP", "TIFF", "PPM"])
def test_of_one_picture_nothing_is_said(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.jpg").write_bytes(written(kind))
    heard: list[str] = []
    read_photograph(tmp_path / "a.jpg", heard.append)
    assert heard == []


def test_the_preview_beside_a_photograph_is_no_second_one(tmp_path: Path) -> None:
    big, small = Image.new("RGB", (64, 48)), Image.new("RGB", (16, 12))
    big.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[small])
    heard: list[str] = []
    assert read_photograph(tmp_path / "a.jpg", heard.append).shape == (48, 64, 3)
    assert heard == []

"""Pictures made to harm: bombs, lies, two formats in one, tricks in their margins."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import tracemalloc
import zlib
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from engine.pictures import MOST_BYTES, Unreadable, read_photograph

HUGE = 50_000


@cache
def bomb() -> bytes:
    """Fifty megabytes in fifty kilobytes."""
    return zlib.compress(bytes(50_000_000))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *more: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress(bytes((width * 3 + 1) * min(height, 10)))
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *more, chunk(b"IDAT", rows),
         chunk(b"IEND", b""))
    )  # fmt: skip


def saved(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 10), (200, 30, 10)).save(out, kind, **options)
    return out.getvalue()


def patched(data: bytes, at: int, form: str, *values: int) -> bytes:
    made = bytearray(data)
    struct.pack_into(form, made, at, *values)
    return bytes(made)


def tiff(width: int, height: int) -> bytes:
    data = saved("TIFF")
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from("<HH", data, entry)
        if tag in (256, 257):
            value = width if tag == 256 else height
            data = patched(data, entry + 8, "<I" if kind == 4 else "<H", value)
    return data


def claims(width: int, height: int) -> dict[str, bytes]:
    jpeg, webp, avif = saved("JPEG"), saved("WEBP"), saved("AVIF")
    return {
        "PNG": png(width, height),
        "JPEG": patched(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH", height, width),
        "BMP": patched(saved("BMP"), 18, "<ii", width, height),
        "TIFF": tiff(width, height),
        "GIF": patched(saved("GIF"), 6, "<HH", width, height),
        "PPM": b"P6\n%d %d\n255\nxxx" % (width, height),
        "WEBP": patched(webp, webp.index(b"\x9d\x01\x2a") + 3, "<HH", width & 0x3FFF, 0x3FFF),
        "AVIF": patched(avif, avif.index(b"ispe") + 8, ">II", width, height),
    }


def refused(tmp_path: Path, data: bytes) -> tuple[str, int]:
    """The reason of the refusal, and the bytes that Python took for it."""
    (tmp_path / "picture").write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable) as caught:
            read_photograph(tmp_path / "picture")
        return caught.value.reason, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "PPM", "WEBP", "AVIF"])
def test_a_header_of_gigapixels_is_refused_before_anything_is_decoded(
    tmp_path: Path, kind: str
) -> None:
    reason, most = refused(tmp_path, claims(HUGE, HUGE)[kind])
    assert reason == "too_large" or kind in ("WEBP", "AVIF")  # whose decoders refuse by themselves
    assert most < 20_000_000


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP", b"eXIf"])
def test_a_bomb_in_the_margin_of_a_png_stays_folded(tmp_path: Path, name: bytes) -> None:
    body = {b"iTXt": b"x\0\1\0\0\0"}.get(name, b"x\0\0") + bomb()
    (tmp_path / "a.png").write_bytes(png(10, 10, chunk(name, body)))
    tracemalloc.start()
    with contextlib.suppress(Unreadable):
        assert read_photograph(tmp_path / "a.png").shape == (10, 10, 3)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_picture_that_unpacks_to_more_than_it_says_gives_what_it_says(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    rows = bomb()
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows)
    (tmp_path / "a.png").write_bytes(data + chunk(b"IEND", b""))
    tracemalloc.start()
    assert read_photograph(tmp_path / "a.png").shape == (10, 10, 3)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000


def test_of_an_animation_of_a_hundred_thousand_pictures_one_is_decoded(tmp_path: Path) -> None:
    gif = saved("GIF")
    frame = gif[gif.index(b"\x2c") : -1]
    (tmp_path / "a.gif").write_bytes(gif[:-1] + frame * 100_000 + b";")
    tracemalloc.start()
    assert read_photograph(tmp_path / "a.gif").shape == (10, 16, 3)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000


def test_an_animation_that_claims_a_hundred_thousand_pictures_is_one(tmp_path: Path) -> None:
    control = chunk(b"acTL", struct.pack(">II", 100_000, 0))
    (tmp_path / "a.png").write_bytes(png(10, 10, control))
    assert read_photograph(tmp_path / "a.png").shape == (10, 10, 3)


@pytest.mark.parametrize(
    "tail", [b"PK\x03\x04" + bytes(50), b"<html><script>x</script>", b"%PDF-1"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_what_follows_a_picture_is_not_looked_at(tmp_path: Path, kind: str, tail: bytes) -> None:
    (tmp_path / "a").write_bytes(saved(kind) + tail)
    assert read_photograph(tmp_path / "a").shape == (10, 16, 3)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"%!PS-Adobe-3.0 EPSF", "unreadable"), (b"<svg xmlns='x'>", "svg"), (b"%PDF-1.4", "pdf"),
        (b"PK\x03\x04", "unreadable"), (b"8BPS", "photoshop"), (b"II*\0\xff\xff", "unreadable"),
        (b"\0\0\x01\0\x01\0", "unreadable"), (b"#!/bin/sh\n", "unreadable"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg_2000"),
    ],
)  # fmt: skip
def test_formats_that_are_not_admitted_are_not_parsed_whatever_their_name(
    tmp_path: Path, head: bytes, reason: str
) -> None:
    assert refused(tmp_path, head + bytes(500))[0] == reason


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_is_none_is_no_turn(tmp_path: Path, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    (tmp_path / "a.jpg").write_bytes(saved("JPEG", exif=exif))
    assert read_photograph(tmp_path / "a.jpg").shape == (10, 16, 3)


def test_a_profile_that_is_none_changes_nothing(tmp_path: Path) -> None:
    data = saved("JPEG", icc_profile=b"\xff" * 60_000)
    (tmp_path / "a.jpg").write_bytes(data)
    assert read_photograph(tmp_path / "a.jpg").shape == (10, 16, 3)


def test_an_avif_without_an_item_is_refused(tmp_path: Path) -> None:
    data = saved("AVIF")
    at = data.index(b"iloc") + 8
    assert refused(tmp_path, data[:at] + bytes(20) + data[at + 20 :])[0] == "unreadable"


def test_a_file_larger_than_any_photograph_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert refused_of(tmp_path / "a.png") == "too_large"


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("/dev/zero")
    (tmp_path / "c.png").symlink_to(tmp_path / "c.png")
    (tmp_path / "d.png").mkdir()
    for name in "abcd":
        assert refused_of(tmp_path / f"{name}.png") == "unreadable"


def refused_of(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        read_photograph(path)
    return caught.value.reason

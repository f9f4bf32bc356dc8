"""The picture codec: what it accepts, what it refuses and before what."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine import pictures
from engine.contract.errors import DataError
from engine.picture_formats import is_picture_name
from engine.pictures import Unreadable, decode_crop, encode_png, read_photograph
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace

RED = (200, 30, 10)


def noise(height: int = 160, width: int = 160) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png_claiming(width: int, height: int) -> bytes:
    """A small, valid start of a PNG file whose header claims any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    """A real JPEG whose frame header was changed to claim any size."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), RED).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def refusal(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        read_photograph(path)
    return caught.value.reason


def test_photograph_comes_as_bgr(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), RED).save(tmp_path / "a.png")
    image = read_photograph(tmp_path / "a.png")
    assert image.shape == (30, 40, 3)
    assert image.dtype == np.uint8
    assert tuple(image[5, 5]) == RED[::-1]


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_every_pixel_mode_becomes_three_channels(tmp_path: Path, mode: str, suffix: str) -> None:
    if mode == "CMYK" and suffix == ".png":
        suffix = ".jpg"
    path = tmp_path / f"a{suffix}"
    Image.new("L", (20, 10), 255).convert(mode if mode != "I;16" else "I").convert(mode).save(path)
    assert read_photograph(path).shape == (10, 20, 3)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    deep = np.full((10, 10), 128 * 257, dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.all(read_photograph(tmp_path / "deep.png") == 128)


def test_alpha_is_dropped(tmp_path: Path) -> None:
    Image.new("RGBA", (10, 10), (*RED, 0)).save(tmp_path / "a.png")
    assert tuple(read_photograph(tmp_path / "a.png")[0, 0]) == RED[::-1]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise for display
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    image = read_photograph(tmp_path / "turned.jpg")
    assert image.shape == (40, 20, 3)
    assert image[5, 10].min() > 200
    assert image[35, 10].max() < 50


def test_first_picture_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("white", "black")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_photograph(tmp_path / "a.gif").min() == 255


@pytest.mark.parametrize(
    "data", [png_claiming(50_000, 50_000), jpeg_claiming(50_000, 50_000)], ids=["png", "jpeg"]
)
def test_gigantic_claims_are_refused_without_allocating(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bomb").write_bytes(data)
    tracemalloc.start()
    reason = refusal(tmp_path / "bomb")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason == "too_large"
    assert most < 20_000_000


def test_claim_just_over_the_limit_is_refused_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    (tmp_path / "big.png").write_bytes(png_claiming(10_000, 9_500))
    assert refusal(tmp_path / "big.png") == "too_large"
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_file_of_too_many_bytes_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "sparse.jpg", "wb") as file:
        file.truncate(pictures.MOST_BYTES + 1)
    assert refusal(tmp_path / "sparse.jpg") == "too_large"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif", ".gif"])
def test_truncated_file_is_unreadable(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"whole{suffix}"
    Image.fromarray(noise()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert refusal(path) == "unreadable"


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"hello", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_no_picture_at_all_is_unreadable(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert refusal(tmp_path / "a.jpg") == "unreadable"


def test_damaged_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM"):
        buffer = io.BytesIO()
        Image.fromarray(noise(32, 32)).save(buffer, kind)
        for _ in range(25):
            data = bytearray(buffer.getvalue())
            for at in rng.integers(0, len(data), 6):
                data[at] = rng.integers(0, 256)
            (tmp_path / "a").write_bytes(bytes(data))
            with contextlib.suppress(Unreadable):
                assert read_photograph(tmp_path / "a").ndim == 3


def test_missing_file_and_folder_are_unreadable(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.jpg") == "unreadable"
    assert refusal(tmp_path) == "unreadable"


def test_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusal(tmp_path / "pipe.jpg") == "unreadable"


def test_crop_survives_encoding_bit_for_bit(tmp_path: Path) -> None:
    crop = noise()
    (tmp_path / "0001.png").write_bytes(encode_png(crop))
    assert np.array_equal(decode_crop(tmp_path / "0001.png"), crop)


def test_equal_crops_encode_to_equal_bytes() -> None:
    assert encode_png(noise()) == encode_png(noise())


def test_only_rgb_bytes_can_be_encoded() -> None:
    with pytest.raises(ValueError, match="expected RGB"):
        encode_png(np.zeros((160, 160), np.uint8))


@pytest.mark.parametrize(
    ("size", "mode", "kind"),
    [((159, 160), "RGB", "PNG"), ((160, 160), "L", "PNG"), ((160, 160), "RGB", "JPEG")],
)
def test_anything_but_an_rgb_png_of_160_is_no_crop(
    tmp_path: Path, size: tuple[int, int], mode: str, kind: str
) -> None:
    Image.new(mode, size).save(tmp_path / "a.png", kind)
    with pytest.raises(Unreadable):
        decode_crop(tmp_path / "a.png")


def test_truncated_crop_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(noise())[:5_000])
    with pytest.raises(Unreadable):
        decode_crop(tmp_path / "a.png")


def test_error_crosses_process_borders_with_its_reason() -> None:
    error = Unreadable("a.jpg is too large", "9 GB", "Reduce it.", "too_large")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, DataError)
    assert (copy.reason, str(copy), copy.hint) == ("too_large", str(error), "Reduce it.")


def test_picture_names_go_by_suffix_in_any_case() -> None:
    assert is_picture_name(Path("A.JPG"))
    assert is_picture_name(Path("holiday.heic"))
    assert not is_picture_name(Path("notes.txt"))
    assert not is_picture_name(Path("jpg"))


def test_what_this_user_may_not_read_is_not_called_broken(tmp_path: Path, powerless: None) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"whatever it is")
    path.chmod(0)
    with pytest.raises(Unreadable, match="permission denied") as caught:
        read_photograph(path)
    assert caught.value.reason == "denied"


def test_a_crop_that_may_not_be_read_is_not_to_be_deleted(
    workspace: Workspace, powerless: None
) -> None:
    path = workspace.people / "ada" / "session" / "0001.png"
    write_bytes(path, encode_png(np.zeros((160, 160, 3), np.uint8)))
    path.chmod(0)
    with pytest.raises(Unreadable, match="has mode 0000") as caught:
        decode_crop(path)
    assert caught.value.hint == f"chmod -R u+rwX {workspace.root}"

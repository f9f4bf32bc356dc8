"""What cameras make of MJPEG: boundaries, lengths and types that are late, wrong or not there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.camera.mjpeg import LONGEST_HEAD, MjpegSource, Parts, Rubbish
from engine.camera.open import open_source
from engine.settings import CameraSettings
from tests.faults.loopback import HEAD, Behaviour, Connection, camera, jpeg, lively

PATIENT = CameraSettings(open_timeout=20.0, read_timeout=20.0)
BOUNDARY = b"123456789000000000000987654321"
LARGE = 640, 480


def spelt(kind: str, part: Callable[[bytes], bytes], size: tuple[int, int] = (64, 48)) -> Behaviour:
    """A camera that writes each of its pictures so."""

    def behave(connection: Connection) -> None:
        head = f"Content-Type: {kind}\r\n" if kind else ""
        connection.send(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
        for number in range(1000):
            connection.send(part(jpeg(lively(number, *size), 100)))
            time.sleep(0.02)

    return behave


def late_boundary(data: bytes) -> bytes:
    """As the firmware of many small cameras writes it: the boundary comes after the picture."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    return head + data + b"\r\n--" + BOUNDARY + b"\r\n"


def of_length(told: str) -> Callable[[bytes], bytes]:
    """A part with this said of its length; `{}` is the true one."""
    return lambda data: (
        b"--cut\r\nContent-Length:" + told.format(len(data)).encode() + b"\r\n\r\n" + data + b"\r\n"
    )


def with_sound(data: bytes) -> bytes:
    """A part of pictures, and one of something else."""
    sound_ = (
        b"--cut\r\nContent-Type: audio/basic\r\nContent-Length: 30000\r\n\r\n" + b"\x80" * 30000
    )
    return of_length(" {}")(data) + sound_ + b"\r\n"


MIXED = "multipart/x-mixed-replace"


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (f"{MIXED};boundary={BOUNDARY.decode()}", late_boundary),
        (MIXED, of_length(" {}")),
        (f"{MIXED}; boundary=another", of_length(" {}")),
        (f"{MIXED}; boundary=cut", of_length(" 0")),
        (f"{MIXED}; boundary=cut", of_length(" 99")),
        (f"{MIXED}; boundary=cut", of_length("{} bytes")),
        (f"{MIXED}; boundary=cut", of_length(" {}\r\n")),
        (f"{MIXED}; boundary=cut", with_sound),
        (f"{MIXED}; boundary=cut", lambda data: b"--cut\r\nContent-Type: image/jpeg\r\n" + data),
        (f"{MIXED}; boundary=cut", lambda data: b"--cut\nContent-Type: image/jpeg\n\n" + data),
        ("video/x-motion-jpeg", bytes),
        ("application/octet-stream", bytes),
        ("video/mp4", of_length(" {}")),
        ("", bytes),
    ],
    ids=[
        "boundary after the picture", "boundary not told", "another boundary", "length 0",
        "too short a length", "length with a unit", "two blank lines", "sound between",
        "no blank line", "bare line feeds", "plain", "plain, as any bytes", "parts, as a film",
        "plain, no type",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(64, 48), LARGE], ids=["small", "large"])
def test_an_mjpeg_camera_is_read_however_it_spells_its_stream(
    kind: str, part: Callable[[bytes], bytes], size: tuple[int, int]
) -> None:
    with camera(spelt(kind, part, size)) as made:
        source = open_source(made.address(), PATIENT)
        frames = [source.read() for _ in range(3)]
        source.close()
    assert isinstance(source, MjpegSource)
    assert source.info.live
    for number, frame in enumerate(frames):  # not one is lost
        assert frame is not None
        assert np.abs(frame.image.astype(int) - lively(number, *size)).mean() < 1


def test_the_first_picture_may_be_larger_than_a_head_and_have_no_boundary_before_it() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*LARGE, 3), np.uint8)
    data = jpeg(noise)
    assert len(data) > 10 * LONGEST_HEAD
    with camera(lambda c: [c.send(HEAD + late_boundary(data)), c.wait()][0]) as made:
        source = open_source(made.address(), PATIENT)
        source.close()
    assert (source.info.height, source.info.width) == LARGE


def test_a_plain_mjpeg_file_is_played_to_its_end_and_no_further() -> None:
    film_ = b"".join(jpeg(lively(number)) for number in range(7))
    with camera(lambda c: c.answer("200 OK", "Content-Type: video/x-mjpeg", body=film_)) as made:
        source = open_source(made.address(), PATIENT)
        frames = list(iter(source.read, None))
        source.close()
        assert made.connections == 1
    assert not source.info.live
    assert [frame.sequence for frame in frames] == list(range(7))
    assert [frame.seconds for frame in frames] == pytest.approx([n / 25 for n in range(7)])


def test_a_picture_within_a_picture_does_not_end_it() -> None:
    thumbnail = jpeg(lively(9))
    whole = jpeg(lively(0, 320, 240))
    block = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail
    with camera(spelt("video/x-motion-jpeg", lambda data: whole[:2] + block + whole[2:])) as made:
        source = open_source(made.address(), PATIENT)
        frame = source.read()
        source.close()
    assert frame is not None
    assert frame.image.shape == (240, 320, 3)


class Chunks:
    """The body of an answer that comes in pieces of these lengths, over and over."""

    def __init__(self, body: bytes, lengths: list[int]) -> None:
        self._body, self._lengths, self._number = body, lengths, 0

    def read(self) -> bytes:
        length = self._lengths[self._number % len(self._lengths)]
        self._number += 1
        part, self._body = self._body[:length], self._body[length:]
        return part


def cut(body: bytes, lengths: list[int]) -> list[bytes]:
    """All parts of a body, in which nothing but its end or rubbish is met."""
    answer: Any = Chunks(body, lengths)
    parts, found = Parts(answer), []
    try:
        while True:
            found.append(parts.next())
    except (EOFError, Rubbish):
        return found


PIECES = st.sampled_from(
    [
        jpeg(lively(1, 16, 16)), jpeg(lively(2, 16, 16))[:200], b"\xff\xd8\xff", b"\xff\xd9",
        b"\xff", b"--cut\r\n", b"Content-Length: 5\r\n", b"Content-Length: 99999999\r\n", b"\r\n",
        b"\n", b"\xff\xe0\xff\xff", b"\xff\xd0" * 9, b"Content-Length: x\r\n", b"junk", bytes(300),
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12), st.lists(st.integers(1, 700), min_size=1, max_size=4))
def test_how_a_body_is_cut_does_not_hang_on_the_pieces_it_comes_in(
    pieces: list[bytes], lengths: list[int]
) -> None:
    body = b"".join(pieces)
    assert cut(body, lengths) == cut(body, [1 << 20])

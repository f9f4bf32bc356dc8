"""A network camera that speaks RTSP (RFC 2326), pictures as RTP/JPEG (RFC 2435) in the same
connection or over UDP. As a behaviour of `loopback.LoopbackCamera`; its first request is in
`request`.
"""

from __future__ import annotations

import itertools
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.faults.loopback import Behaviour, Connection

QUALITY = 50
"""Of the pictures: RFC 2435 and libjpeg make the same tables of it."""
PACKET = 1200
CLOCK = 90_000

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track1\r\n"
)
SOUND = SDP[: SDP.index("m=video")] + (
    "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track1\r\n"
)
"""What a camera says that sends sound only."""


def _scan(image: NDArray[np.uint8]) -> bytes:
    """The compressed data of a picture without its headers."""
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert good
    raw = bytes(data)
    start = raw.index(b"\xff\xda")
    length = struct.unpack_from(">H", raw, start + 2)[0]
    return raw[start + 2 + length : raw.rindex(b"\xff\xd9")]


def _packets(
    image: NDArray[np.uint8], number: int, sequence: itertools.count[int]
) -> Iterator[bytes]:
    height, width = image.shape[:2]
    scan, stamp = _scan(image), number * CLOCK // 25
    for offset in range(0, len(scan), PACKET):
        part = scan[offset : offset + PACKET]
        last = offset + PACKET >= len(scan)
        head = struct.pack(
            ">BBHII", 0x80, 26 | (0x80 if last else 0), next(sequence) & 0xFFFF, stamp, 0x1234
        )
        picture = struct.pack(">I", offset) + bytes((1, QUALITY, width // 8, height // 8))
        yield head + picture + part


def film(
    pictures: Callable[[int], NDArray[np.uint8] | None],
    authorization: Callable[[str], bool] = lambda header: True,
    *,
    sdp: str = SDP,
    no_tcp: str | None = None,
) -> Behaviour:
    """A sound camera; after a picture that is None it says nothing more. `authorization` judges
    the header that came with a request. `no_tcp`: it speaks UDP only, and answers this to others.
    """

    def behave(connection: Connection) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            request, there = connection.request, 0
            while request:
                method = request.split()[0]
                connection.request = request
                lines = ["CSeq: " + connection.header("CSeq")]
                status, body = "200 OK", b""
                if method == b"DESCRIBE" and not authorization(connection.header("Authorization")):
                    status = "401 Unauthorized"
                    lines.append('WWW-Authenticate: Basic realm="camera"')
                elif method == b"OPTIONS":
                    lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
                elif method == b"DESCRIBE":
                    body = sdp.encode()
                    lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
                elif method == b"SETUP":
                    asked = re.search(r"client_port=(\d+)", connection.header("Transport"))
                    there = int(asked[1]) if asked else 0
                    here = datagrams.getsockname()[1]
                    if there:
                        way = f"RTP/AVP;unicast;client_port={there}-{there + 1}"
                        lines += [f"Transport: {way};server_port={here}-{here + 1}", "Session: 7"]
                    elif no_tcp:
                        status = no_tcp
                    else:
                        lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 7"]
                elif method == b"PLAY":
                    lines.append("Session: 7")
                connection.send("\r\n".join((f"RTSP/1.0 {status}", *lines, "", "")).encode() + body)
                if method == b"PLAY":
                    _play(connection, pictures, datagrams if there else None, there)
                    return
                request = connection.more()

    return behave


def _play(
    connection: Connection,
    pictures: Callable[[int], NDArray[np.uint8] | None],
    datagrams: socket.socket | None,
    there: int,
) -> None:
    sequence: itertools.count[int] = itertools.count()
    for number in itertools.count():
        image = pictures(number)
        if image is None:
            connection.wait()
            return
        for packet in _packets(image, number, sequence):
            if datagrams is not None:
                datagrams.sendto(packet, ("127.0.0.1", there))
            else:
                connection.send(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
        if not connection.camera.plugged.is_set():
            return
        time.sleep(0.02)

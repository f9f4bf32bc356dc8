"""Network streams: MJPEG over HTTP read here, RTSP and films by FFmpeg; all with deadlines.

Ask an RTSP camera for its description (RFC 2326), because FFmpeg does not say why it failed,
and would follow a redirect to any address.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import re
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from engine.camera.http import (
    Answer,
    broken_off,
    check_same_host,
    denied,
    get,
    login_for,
    refused,
    trouble,
)
from engine.camera.mjpeg import MjpegSource
from engine.camera.opencv import cv2
from engine.camera.source import Image, PictureSource, SourceInfo, split_address
from engine.camera.video import HTTP, RTSP, Film, Transport, opened
from engine.contract.errors import SourceError, SourceTimeout, SourceUnreadable
from engine.settings import CameraSettings, RtspTransport
from engine.text import mask_credentials

PORTS = {"rtsp": 554, "rtsps": 322}
LONGEST_ANSWER = 64 << 10
"""Bytes of an answer."""
_LENGTH = re.compile(rb"(?im)^content-length\s*:\s*(\d{1,9})")
_MEDIA = re.compile(rb"(?m)^m=(\w+)")
"""What kinds of stream a description names (RFC 4566)."""
PATIENCE = 3.0
"""Seconds for the answers; a camera that needs more is left to FFmpeg."""


def ask(url: str, timeout: float, *, clear: bool = True) -> None:
    """Return if FFmpeg may try: the camera describes its stream, or says nothing definite.
    `clear`: whether a password may be sent in clear, as Basic.

    Raises SourceNotFound where nobody listens or there is no such path, SourceDenied for a wrong
    or missing password, SourceUnreadable for a redirect or a stream of sound only, SourceTimeout if
    nothing answers.
    """
    text, parts = mask_credentials(url), split_address(url)
    scheme = parts.scheme.lower()
    try:
        connection = socket.create_connection(
            (parts.hostname, parts.port or PORTS[scheme]), timeout
        )
    except OSError as error:
        raise trouble(text, error, timeout) from error
    with connection:
        if scheme != "rtsp":
            return  # encrypted: FFmpeg's to unpack
        host = parts.netloc.rpartition("@")[2]  # without user and password
        target = parts._replace(netloc=host, fragment="").geturl()
        deadline = time.monotonic() + min(PATIENCE, timeout)
        status, headers, body = _describe(connection, target, 1, None, deadline)
        tried = False
        if status == 401 and parts.username:
            asked = headers.get("www-authenticate", [])
            login = login_for(parts, asked, target, clear, "DESCRIBE")
            if login is None:
                return
            status, headers, body = _describe(connection, target, 2, login, deadline)
            tried = True
    if status == 401:
        raise denied(text, tried=tried)
    if 300 <= status < 400:
        check_same_host(parts, headers.get("location", [""])[0], text)
    if status in (403, 404, 410):
        raise refused(text, status)
    kinds = set(_MEDIA.findall(body))
    if status == 200 and b"audio" in kinds and b"video" not in kinds:
        raise sound_only(text)


def sound_only(text: str) -> SourceUnreadable:
    """A stream without pictures."""
    hint = "Look up the address of the camera's pictures in its manual."
    return SourceUnreadable("The stream has sound only", text, hint)


def _describe(
    connection: socket.socket, target: str, number: int, login: str | None, deadline: float
) -> tuple[int, dict[str, list[str]], bytes]:
    """The status of one answer, its headers by name, and as much of its body as is of use.

    Status 0 if there is no answer that can be read.
    """
    lines = [f"DESCRIBE {target} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp"]
    if login is not None:
        lines.append(f"Authorization: {login}")
    head = b""

    def whole() -> bool:
        end = head.find(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return end >= 0 and len(head) >= end + 4 + (int(length[1]) if length else 0)

    with contextlib.suppress(OSError):
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        connection.sendall("\r\n".join((*lines, "User-Agent: facedesk", "", "")).encode())
        while not whole() and len(head) < LONGEST_ANSWER:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = connection.recv(4096)
            if not part:
                break
            head += part
    first, *rest = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = first.split()
    if len(words) < 2 or not words[0].startswith("RTSP/") or not words[1].isdecimal():
        return 0, {}, b""
    headers: dict[str, list[str]] = {}
    for line in rest:
        name, _colon, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(words[1][:3]), headers, head.partition(b"\r\n\r\n")[2]


WAYS: Mapping[RtspTransport, tuple[Transport, ...]] = {
    "auto": ("tcp", "either", "udp"),
    "tcp": ("tcp", "tcp"),
    "udp": ("udp", "udp"),
}
"""How an RTSP camera is asked, one after the other: some fail at the first connection only."""
TRANSPORT = "camera.rtsp_transport (auto, tcp or udp)"
PAUSE = 0.5
"""Seconds before a camera that failed at once is asked again."""


def open_stream(url: str, settings: CameraSettings) -> MjpegSource | StreamSource:
    """A stream by URL. Raises as `engine.camera.http.get`, MjpegSource and StreamSource do."""
    if split_address(url).scheme.lower() in ("http", "https"):
        answer = get(url, settings.open_timeout, clear=settings.basic_login)
        if _is_mjpeg(answer, settings.open_timeout):
            return MjpegSource(answer, settings)
        answer.close()
    else:
        ask(url, settings.open_timeout, clear=settings.basic_login)
    return StreamSource(url, settings)


def ways_of(url: str, transport: RtspTransport) -> tuple[Transport, ...]:
    """The transports over which a stream is tried, one after the other.

    Where it is not known that a password is right, it is sent once: cameras lock out who goes on.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() == "rtsp" or (parts.scheme.lower() == "rtsps" and not parts.username):
        return WAYS[transport]
    return WAYS[transport][:1]


def _is_mjpeg(answer: Answer, seconds: float) -> bool:
    """Whether it is read here, whatever it calls itself. Raises as `refuse_what_is_no_stream`
    and `engine.camera.http.get` do; the answer is closed then."""
    if answer.kind.startswith("multipart/"):
        return True
    try:
        refuse_what_is_no_stream(answer)
        return answer.begins_with(b"\xff\xd8\xff", b"--", b"\r\n--")
    except SourceError:
        answer.close()
        raise
    except (OSError, http.client.HTTPException) as error:
        answer.close()
        raise trouble(answer.text, error, seconds) from error


def refuse_what_is_no_stream(answer: Answer) -> None:
    """Raise SourceUnreadable for a page, a single picture, sound or a list of other addresses."""
    kind, text = answer.kind, answer.text
    if kind.startswith("audio/"):
        raise sound_only(text)
    if kind.startswith("image/"):
        hint = "Look up the address of the camera's stream (MJPEG or RTSP) in its manual."
        raise SourceUnreadable("This address gives single pictures, no stream", text, hint)
    if "mpegurl" in kind or kind == "application/dash+xml":
        title = "This address gives a playlist, which names other addresses"
        raise SourceUnreadable(
            title, text, "Give the stream's own address (MJPEG, RTSP or a film)."
        )
    if kind.startswith("text/") or kind in ("application/json", "application/xml"):
        said = f"{text} answers with {kind[:40]}, but not with pictures"
        hint = "Check path, user name and password; try the address in a video player."
        raise SourceUnreadable("The stream cannot be played", said, hint)


class StreamSource(PictureSource):
    """A stream that FFmpeg reads. Opening takes its first picture.

    Raises SourceNotFound (no such host, nobody listens), SourceTimeout, SourceUnreadable.
    `info.live` is False for a finite file that is served over HTTP.
    """

    def __init__(self, url: str, settings: CameraSettings) -> None:
        self._text = mask_credentials(url)
        self._read_timeout = settings.read_timeout
        begun = time.monotonic()
        limits = [
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, settings.open_timeout),
            (cv2.CAP_PROP_READ_TIMEOUT_MSEC, settings.read_timeout),
        ]
        flat = [number for key, limit in limits for number in (key, math.ceil(limit * 1000))]
        self._rtsp = urlsplit(url).scheme.lower() not in ("http", "https")
        self._film, self._first = self._begun(url, settings, flat, begun)
        if self._first is None:
            self.close()
            waited = time.monotonic() - begun
            if waited >= 0.9 * min(settings.open_timeout, settings.read_timeout):
                raise self._silent(waited)
            raise SourceUnreadable(
                "The stream cannot be played",
                f"{self._text} answers, but not with pictures",
                f"Check path, user name and password{', and ' + TRANSPORT if self._rtsp else ''}; "
                "try the address in a video player.",
            )
        height, width = self._first.shape[:2]
        fps, frames = self._film.fps, self._film.frames
        detail = f"{urlsplit(url).scheme} {self._film.size(self._first)}"
        self.info = SourceInfo(
            self._text, "stream", frames is None, width, height, fps, frames=frames, detail=detail
        )

    def _begun(
        self, url: str, settings: CameraSettings, limits: list[int], begun: float
    ) -> tuple[Film, Image | None]:
        """What was opened at last, and its first picture if there is one.

        A camera that fails at once is asked again; one that took half of its time has had it.
        """
        protocols, shape = (RTSP if self._rtsp else HTTP), settings.picture_shape
        ways = ways_of(url, settings.rtsp_transport)
        for number, way in enumerate(ways, start=1):
            film = opened(url, protocols, self._text, shape, limits, way)
            first = film.picture() if film.open else None
            late = time.monotonic() - begun + PAUSE > settings.open_timeout / 2
            if first is not None or late or number == len(ways):
                break
            film.close()
            time.sleep(PAUSE)
        return film, first

    def _next(self) -> Image | None:
        """Raises SourceTimeout if no picture came in time, SourceUnreadable if the stream broke."""
        begun = time.monotonic()
        image = self._film.picture()
        if image is not None or (self.info.frames and self._sequence >= self.info.frames - 1):
            return image
        waited = time.monotonic() - begun
        if waited >= 0.9 * self._read_timeout:
            raise self._silent(waited)
        raise broken_off(self._text)

    def close(self) -> None:
        """Close the connection."""
        self._film.close()

    def _silent(self, waited: float) -> SourceTimeout:
        return SourceTimeout(
            "The stream is silent",
            f"{self._text} sent no picture for {waited:.1f} s",
            f"Check the camera{', and ' + TRANSPORT if self._rtsp else ''}; allow more time with "
            "camera.read_timeout.",
        )

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
from urllib.parse import SplitResult, urlsplit

from engine.camera.film import HTTP, RTSP, Film, Transport, opened
from engine.camera.http import Answer, check_same_host, denied, get, login_for, refused, trouble
from engine.camera.mjpeg import MjpegSource
from engine.camera.opencv import cv2
from engine.camera.source import USUAL_FPS, Frame, Image, SourceInfo, split_address
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
        target = _plain(parts)
        deadline = time.monotonic() + min(PATIENCE, timeout)
        status, headers, told = _describe(connection, target, 1, None, deadline)
        tried = False
        if status == 401 and parts.username:
            asked = headers.get("www-authenticate", [])
            login = login_for(parts, asked, target, clear, "DESCRIBE")
            if login is None:
                return
            status, headers, told = _describe(connection, target, 2, login, deadline)
            tried = True
    if status == 401:
        raise denied(text, tried=tried)
    if 300 <= status < 400:
        check_same_host(parts, headers.get("location", [""])[0], text)
    if status in (403, 404, 410):
        raise refused(text, status)
    kinds = set(_MEDIA.findall(told))
    if status == 200 and b"audio" in kinds and b"video" not in kinds:
        raise sound_only(text)


def sound_only(text: str) -> SourceUnreadable:
    """A stream without pictures."""
    return SourceUnreadable(
        "The stream has sound only",
        text,
        "Look up the address of the camera's pictures in its manual.",
    )


def _plain(parts: SplitResult) -> str:
    """The address without its credentials, as it goes over the wire."""
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, fragment="").geturl()


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
    with contextlib.suppress(OSError):
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        connection.sendall("\r\n".join((*lines, "User-Agent: facedesk", "", "")).encode())
        while b"\r\n\r\n" not in head and len(head) < LONGEST_ANSWER:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = connection.recv(4096)
            if not part:
                break
            head += part
        wanted = head.find(b"\r\n\r\n") + 4 + _length(head)
        while len(head) < min(wanted, LONGEST_ANSWER):
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


def _length(head: bytes) -> int:
    """Bytes of the body that these headers tell."""
    told = _LENGTH.search(head)
    return int(told[1]) if told else 0


WAYS: Mapping[RtspTransport, tuple[Transport, ...]] = {
    "auto": ("tcp", "either", "udp"),
    "tcp": ("tcp", "tcp"),
    "udp": ("udp", "udp"),
}
"""How an RTSP camera is asked, one after the other: some fail at the first connection only."""
PAUSE = 0.5
"""Seconds before a camera that failed at once is asked again."""


def open_stream(url: str, settings: CameraSettings) -> MjpegSource | StreamSource:
    """A stream by URL. Raises as `split_address`, `http_get.get`, MjpegSource, StreamSource do."""
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
    and `http_get.get` do; the answer is closed then."""
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
    if answer.kind.startswith("audio/"):
        raise sound_only(answer.text)
    if answer.kind.startswith("image/"):
        raise SourceUnreadable(
            "This address gives single pictures, no stream",
            answer.text,
            "Look up the address of the camera's stream (MJPEG or RTSP) in its manual.",
        )
    if "mpegurl" in answer.kind or answer.kind == "application/dash+xml":
        raise SourceUnreadable(
            "This address gives a playlist, which names other addresses",
            answer.text,
            "Give the stream's own address (MJPEG, RTSP or a film).",
        )
    if answer.kind.startswith("text/") or answer.kind in ("application/json", "application/xml"):
        raise SourceUnreadable(
            "The stream cannot be played",
            f"{answer.text} answers with {answer.kind[:40]}, but not with pictures",
            "Check path, user name and password; try the address in a video player.",
        )


class StreamSource:
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
                (
                    "Check path, user name and password, and camera.rtsp_transport (auto, tcp or "
                    "udp); try the address in a video player."
                )
                if self._rtsp
                else "Check path, user name and password; try the address in a video player.",
            )
        self._sequence = 0
        height, width = self._first.shape[:2]
        self._info = SourceInfo(
            text=self._text,
            kind="stream",
            live=self._film.frames is None,
            width=width,
            height=height,
            fps=self._film.fps,
            frames=self._film.frames,
            detail=f"{urlsplit(url).scheme} {self._film.size(self._first)}",
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

    @property
    def info(self) -> SourceInfo:
        """What was opened, the credentials masked."""
        return self._info

    def read(self) -> Frame | None:
        """The next picture; None at the end of a finite file. Raises SourceTimeout when none
        came in time and SourceUnreadable when the stream broke off."""
        begun = time.monotonic()
        image = self._first
        self._first = None
        if image is None:
            image = self._film.picture()
        if image is None:
            if self._info.frames and self._sequence >= self._info.frames - 1:
                return None
            raise self._lost(time.monotonic() - begun)
        info = self._info
        position = self._sequence / (info.fps or USUAL_FPS)
        seconds = time.monotonic() if info.live else position
        frame = Frame(image, self._sequence, seconds, self._text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Close the connection."""
        self._film.close()

    def _lost(self, waited: float) -> SourceError:
        if waited >= 0.9 * self._read_timeout:
            return self._silent(waited)
        return SourceUnreadable(
            "The stream broke off", self._text, "Check the camera's power and network."
        )

    def _silent(self, waited: float) -> SourceTimeout:
        return SourceTimeout(
            "The stream is silent",
            f"{self._text} sent no picture for {waited:.1f} s",
            (
                "Check the camera, and camera.rtsp_transport (auto, tcp or udp); allow more time "
                "with camera.read_timeout."
            )
            if self._rtsp
            else "Check the camera; allow more time with camera.read_timeout.",
        )

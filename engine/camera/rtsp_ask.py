"""Ask an RTSP camera for its description (RFC 2326), because FFmpeg does not say why it failed,
and would follow a redirect to any address.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from urllib.parse import SplitResult

from engine.camera.http_get import check_same_host, denied, refused, trouble
from engine.camera.http_login import login as login_for
from engine.camera.kinds import split_address
from engine.camera.masking import mask_credentials
from engine.errors import SourceUnreadable

PORTS = {"rtsp": 554, "rtsps": 322}
LONGEST_HEAD = 64 << 10
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
        while b"\r\n\r\n" not in head and len(head) < LONGEST_HEAD:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = connection.recv(4096)
            if not part:
                break
            head += part
        wanted = head.find(b"\r\n\r\n") + 4 + _length(head)
        while len(head) < min(wanted, LONGEST_HEAD):
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

"""One GET of a camera's address, with a deadline for the whole of it and no surprise.

FFmpeg would follow a redirect anywhere, and says of every failure only that it failed.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from engine.camera.http_login import login as login_for
from engine.camera.kinds import split_address
from engine.camera.masking import mask_credentials
from engine.errors import (
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceUnreadable,
)

MOST_MOVES = 3
"""Redirects within the same host that are followed."""
PORTS = {"http": 80, "https": 443}


class _Timed:
    """A socket whose reads together end at a deadline, however many bytes drip in."""

    deadline = math.inf

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline is over")
        self.settimeout(None if math.isinf(left) else left)  # type: ignore[attr-defined]
        return super().recv_into(*arguments, **named)  # type: ignore[misc, no-any-return]


class _Plain(_Timed, socket.socket):
    pass


class _Secure(_Timed, ssl.SSLSocket):
    pass


class _Connection(http.client.HTTPConnection):
    """Connects to one host; `secure` checks its certificate."""

    def __init__(self, host: str, port: int, deadline: float, *, secure: bool) -> None:
        super().__init__(host, port, timeout=max(0.001, deadline - time.monotonic()))
        self._deadline = deadline
        self._secure = secure

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock: Any = _Plain(fileno=plain.detach())
        self.sock.settimeout(self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            context.sslsocket_class = _Secure
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
        self.sock.deadline = self._deadline


@dataclass(eq=False)
class Answer:
    """A camera's answer with status 200, its body still to be read.

    `kind` is the content type in lower case, empty if there is none. `finite`: its end is known.
    """

    text: str
    """The address with its credentials masked."""
    kind: str
    finite: bool
    _connection: http.client.HTTPConnection
    _socket: Any
    _response: http.client.HTTPResponse
    _ahead: bytes = b""

    def until(self, deadline: float) -> None:
        """Reads from now on end at this moment of the monotonic clock, with TimeoutError."""
        self._socket.deadline = deadline

    def read(self) -> bytes:
        """What has come, at least a byte; empty at the end. Raises OSError, HTTPException."""
        ahead, self._ahead = self._ahead, b""
        return ahead or self._response.read1(65536)

    def begins_with(self, *starts: bytes) -> bool:
        """Whether the body begins with one of these; nothing is taken. Raises as `read` does."""
        most = max(map(len, starts))
        while len(self._ahead) < most and (part := self._response.read1(65536)):
            self._ahead += part
        return self._ahead.startswith(starts)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._response.close()
        self._connection.close()
        self._socket.close()


def get(url: str, seconds: float, *, clear: bool = True) -> Answer:
    """Ask for `url`; the answer's head must be there within `seconds`.

    `clear`: whether a password may be sent in clear, as Basic. Raises SourceNotFound (no such host
    or path, nobody listens), SourceDenied (wrong, missing or unsafe password), SourceTimeout, and
    SourceUnreadable (rubbish, another status, a redirect to another host, which is never followed).
    """
    deadline = time.monotonic() + seconds
    parts = split_address(url)
    login: str | None = None
    for _unused in range(2 * MOST_MOVES + 2):
        answer, challenges, moved = _ask(parts, login, mask_credentials(url), deadline, seconds)
        if answer is not None:
            return answer
        if moved is not None:
            parts, login = check_same_host(parts, moved, mask_credentials(url)), None
            continue
        if login is not None or not parts.username:
            raise denied(mask_credentials(url), tried=login is not None)
        login = login_for(parts, challenges, _target(parts), clear)
        if login is None:
            raise SourceUnreadable(
                "The camera asks for a login of another kind",
                mask_credentials(url),
                "Set it to Basic or Digest.",
            )
    raise SourceUnreadable(
        "The camera sends us round in a circle",
        mask_credentials(url),
        "Try the address in a browser or a video player.",
    )


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _ask(
    parts: SplitResult, login: str | None, text: str, deadline: float, seconds: float
) -> tuple[Answer | None, list[str], str | None]:
    """One request: an answer, or a 401's challenges, or where to go instead."""
    secure = parts.scheme.lower() == "https"
    port = parts.port or PORTS[parts.scheme.lower()]
    connection = _Connection(parts.hostname or "", port, deadline, secure=secure)
    kept = False
    try:
        headers = {"User-Agent": "facedesk", "Accept": "*/*", "Connection": "close"}
        if login is not None:
            headers["Authorization"] = login
        connection.request("GET", _target(parts), headers=headers)
        timed = connection.sock
        response = connection.getresponse()
        status = response.status
        if status == http.client.OK:
            kept = True
            told = "Content-Type" in response.headers
            kind = response.headers.get_content_type().lower() if told else ""
            finite = response.length is not None
            return Answer(text, kind, finite, connection, timed, response), [], None
        if status == http.client.UNAUTHORIZED:
            return None, response.headers.get_all("WWW-Authenticate") or [], None
        if status in (301, 302, 303, 307, 308):
            return None, [], response.headers.get("Location", "")
        raise refused(text, status)
    except SourceError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise trouble(text, error, seconds) from error
    finally:
        if not kept:
            connection.close()


def check_same_host(parts: SplitResult, location: str, text: str) -> SplitResult:
    """Where a redirect leads, if it stays at this host and port. Raises SourceUnreadable."""
    there = ""
    with contextlib.suppress(ValueError):
        there = urljoin(parts._replace(fragment="").geturl(), location)
        new = urlsplit(there)
        same = (new.scheme, new.hostname, new.port) == (parts.scheme, parts.hostname, parts.port)
        if location and same:
            return new
    raise SourceUnreadable(
        "The camera sends us elsewhere",
        f"{text} refers to {mask_credentials(there or location)[:200]}",
        "Nothing is read from another address unasked. If it is right, give that one.",
    )


def denied(text: str, *, tried: bool) -> SourceDenied:
    """A password that is wrong (`tried`) or missing."""
    if tried:
        return SourceDenied(
            "The camera refuses user name or password",
            text,
            "Check both; characters such as @ / : # must be written as %40 %2F %3A %23.",
        )
    return SourceDenied(
        "The camera asks for user name and password",
        text,
        "Write them into the address, before the host: //user:password@host/path.",
    )


def refused(text: str, status: int) -> SourceError:
    """What another status than 200, 401 and those of redirects means."""
    message = f"{text}: status {status}"
    if status == http.client.FORBIDDEN:
        return SourceDenied(
            "The camera does not allow it", message, "Check the rights of this user."
        )
    if status in (http.client.NOT_FOUND, http.client.GONE):
        return SourceNotFound(
            "The camera knows no such path", message, "Look the path up in its manual."
        )
    return SourceUnreadable(
        "The camera refuses", message, "Look at its own page; it may be busy or starting."
    )


def trouble(text: str, error: Exception, seconds: float) -> SourceError:
    """The typed error for what went wrong while connecting or reading."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceDenied(
            "The camera's certificate is not trusted",
            f"{text}: {error.verify_message}",
            "Name its certificate: SSL_CERT_FILE=camera.pem; or use http:// in a safe network.",
        )
    if isinstance(error, TimeoutError):
        return SourceTimeout(
            "The stream does not answer",
            f"{text}: no whole answer within {seconds:g} s",
            "Check address, network and firewall.",
        )
    if isinstance(error, socket.gaierror):
        return SourceNotFound(
            "There is no such host",
            f"{text}: the name has no address",
            "Check the spelling of the address.",
        )
    if isinstance(error, ConnectionResetError | BrokenPipeError | http.client.RemoteDisconnected):
        return SourceUnreadable(
            "The stream broke off", text, "Check the camera's power and network."
        )
    if isinstance(error, OSError):
        return SourceNotFound(
            "Nobody listens at this address",
            f"{text}: {error.strerror or 'no connection'}",
            "Check that the camera is on, and its port.",
        )
    return SourceUnreadable(
        "This is no camera's answer",
        f"{text}: {type(error).__name__}",
        "Try the address in a browser or a video player.",
    )

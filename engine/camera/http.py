"""One GET of a camera's address, with a deadline for the whole of it and no surprise.

FFmpeg would follow a redirect anywhere, and says of every failure only that it failed. User name
and password go as Basic or Digest (RFC 7616). Cameras ask for Digest with MD5 to this day, which
keeps the password off the wire and nothing more: whoever stands in the camera's place could ask
for Basic, and would get it in clear. So a camera that asked for Digest once is never answered with
Basic again, which is remembered in `~/.cache/facedesk/digest_cameras.json`; and
`camera.basic_login` forbids it altogether.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import math
import re
import secrets
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from engine.camera.source import split_address
from engine.contract.errors import (
    FacedeskError,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceUnreadable,
)
from engine.openvino_networks import cache_folder
from engine.text import mask_credentials
from engine.workspace.files import read_plain, write_plain

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_NEXT = re.compile(r",\s*(?=(?:Basic|Digest|Bearer|Negotiate)\b)", re.IGNORECASE)
"""Between two challenges in one header."""
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
MOST_REMEMBERED = 1000
Who = tuple[str, str]
"""A camera's host, with its port, and our user there."""
_digest_users: set[Who] = set()
"""Of whom a camera asked Digest in this process, where the disk may refuse to remember it."""


def login_for(
    parts: SplitResult, challenges: Sequence[str], target: str, clear: bool, method: str = "GET"
) -> str | None:
    """The Authorization header for the user of an address; None if no challenge is known here.

    Raises SourceDenied instead of a password in clear, if that is not allowed (`clear`) or the
    camera asked for Digest before. Over TLS nothing is in clear.
    """
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    header = authorization(challenges, user, password, target, method)
    who = (parts.netloc.rpartition("@")[2].lower(), user)
    if header is None or header.startswith("Digest"):
        if header is not None:
            _remember(who)
        return header
    asked = _asked_digest(who)
    if parts.scheme.lower() in ("https", "rtsps") or (clear and not asked):
        return header
    hint = "Set the camera to Digest, or allow it: camera.basic_login = true."
    if asked:
        hint = "It asked for Digest before: somebody may be in its place. Look at the camera."
    raise SourceDenied(
        "The camera asks for the password in clear", mask_credentials(parts.geturl()), hint
    )


def _remember(who: Who) -> None:
    """Note that a camera asked Digest of this user, for later processes too. What is kept names
    neither: only who knows both can tell that they are meant."""
    if _asked_digest(who):
        return
    _digest_users.add(who)
    salt, known = _remembered()
    salt = salt or secrets.token_hex(16)
    marks = [*known, _mark(salt, who)][-MOST_REMEMBERED:]
    with contextlib.suppress(FacedeskError, OSError):  # this process remembers it all the same
        write_plain(_file(), json.dumps({"salt": salt, "asked": marks}).encode())


def _asked_digest(who: Who) -> bool:
    if who in _digest_users:
        return True
    salt, known = _remembered()
    return bool(salt) and _mark(salt, who) in known


def _remembered() -> tuple[str, list[str]]:
    """Salt and marks on disk; none where there are none, or the file is damaged."""
    try:
        body = json.loads(read_plain(_file()))
        return str(body["salt"]), [str(each) for each in body["asked"]]
    except (FacedeskError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return "", []


def _mark(salt: str, who: Who) -> str:
    return hmac.new(salt.encode(), "\n".join(who).encode(), "sha256").hexdigest()


def _file() -> Path:
    return cache_folder().with_name("digest_cameras.json")


def authorization(
    challenges: Sequence[str], user: str, password: str, target: str, method: str = "GET"
) -> str | None:
    """The Authorization header that answers `WWW-Authenticate`; the strongest that both know.

    None if none of the challenges is known here.
    """
    challenges = [each for header in challenges for each in _NEXT.split(header)]
    for name in ("SHA-256", "MD5"):
        for challenge in challenges:
            scheme, _blank, rest = challenge.strip().partition(" ")
            asked = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(rest)}
            if scheme.lower() == "digest" and asked.get("algorithm", "MD5").upper() == name:
                return _digest(asked, name, user, password, target, method)
    if any(challenge.strip().lower().startswith("basic") for challenge in challenges):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return None


def _digest(
    asked: dict[str, str], name: str, user: str, password: str, target: str, method: str
) -> str:
    def hashed(*parts: str) -> str:
        data = ":".join(parts).encode()
        return hashlib.new(_HASHES[name], data, usedforsecurity=False).hexdigest()

    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    first, second = hashed(user, realm, password), hashed(method, target)
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    if "auth" in [each.strip() for each in asked.get("qop", "").split(",")]:
        own, count = secrets.token_hex(8), "00000001"
        said["response"] = hashed(first, nonce, count, own, "auth", second)
        more = f', algorithm={name}, qop=auth, nc={count}, cnonce="{own}"'
    else:
        said["response"] = hashed(first, nonce, second)
        more = f", algorithm={name}"
    if "opaque" in asked:
        more += f', opaque="{asked["opaque"]}"'
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in said.items()) + more


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
    """A camera's answer, its body still to be read.

    `kind` is the content type in lower case, empty if there is none. `finite`: its end is known.
    """

    text: str
    """The address with its credentials masked."""
    kind: str
    finite: bool
    _connection: http.client.HTTPConnection
    _socket: Any
    response: http.client.HTTPResponse
    _ahead: bytes = b""

    def until(self, deadline: float) -> None:
        """Reads from now on end at this moment of the monotonic clock, with TimeoutError."""
        self._socket.deadline = deadline

    def read(self) -> bytes:
        """What has come, at least a byte; empty at the end. Raises OSError, HTTPException."""
        ahead, self._ahead = self._ahead, b""
        return ahead or self.response.read1(65536)

    def begins_with(self, *starts: bytes) -> bool:
        """Whether the body begins with one of these; nothing is taken. Raises as `read` does."""
        most = max(map(len, starts))
        while len(self._ahead) < most and (part := self.response.read1(65536)):
            self._ahead += part
        return self._ahead.startswith(starts)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self.response.close()
        self._connection.close()
        self._socket.close()


def get(url: str, seconds: float, *, clear: bool = True) -> Answer:
    """Ask for `url`; the answer's head must be there within `seconds`.

    `clear`: whether a password may be sent in clear, as Basic. Raises SourceNotFound (no such host
    or path, nobody listens), SourceDenied (wrong, missing or unsafe password), SourceTimeout, and
    SourceUnreadable (rubbish, another status, a redirect to another host, which is never followed).
    """
    deadline = time.monotonic() + seconds
    parts, text = split_address(url), mask_credentials(url)
    login: str | None = None
    for _unused in range(2 * MOST_MOVES + 2):
        answer = _ask(parts, login, text, deadline, seconds)
        status, headers = answer.response.status, answer.response.headers
        if status == http.client.OK:
            return answer
        answer.close()
        if status in (301, 302, 303, 307, 308):
            parts, login = check_same_host(parts, headers.get("Location", ""), text), None
            continue
        if status != http.client.UNAUTHORIZED:
            raise refused(text, status)
        if login is not None or not parts.username:
            raise denied(text, tried=login is not None)
        challenges = headers.get_all("WWW-Authenticate") or []
        login = login_for(parts, challenges, _target(parts), clear)
        if login is None:
            hint = "Set it to Basic or Digest."
            raise SourceUnreadable("The camera asks for a login of another kind", text, hint)
    hint = "Try the address in a browser or a video player."
    raise SourceUnreadable("The camera sends us round in a circle", text, hint)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _ask(
    parts: SplitResult, login: str | None, text: str, deadline: float, seconds: float
) -> Answer:
    """One request, and the head of its answer. Raises SourceError."""
    secure = parts.scheme.lower() == "https"
    port = parts.port or PORTS[parts.scheme.lower()]
    connection = _Connection(parts.hostname or "", port, deadline, secure=secure)
    try:
        headers = {"User-Agent": "facedesk", "Accept": "*/*", "Connection": "close"}
        if login is not None:
            headers["Authorization"] = login
        connection.request("GET", _target(parts), headers=headers)
        timed = connection.sock  # which the response takes away from its connection
        response = connection.getresponse()
        stated = "Content-Type" in response.headers
        kind = response.headers.get_content_type().lower() if stated else ""
        return Answer(text, kind, response.length is not None, connection, timed, response)
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()
        raise trouble(text, error, seconds) from error


def check_same_host(parts: SplitResult, location: str, text: str) -> SplitResult:
    """Where a redirect leads, if it stays at this host and port. Raises SourceUnreadable."""
    there = ""
    with contextlib.suppress(ValueError):
        there = urljoin(parts._replace(fragment="").geturl(), location)
        new = urlsplit(there)
        same = (new.scheme, new.hostname, new.port) == (parts.scheme, parts.hostname, parts.port)
        if location and same:
            return new
    said = f"{text} refers to {mask_credentials(there or location)[:200]}"
    hint = "Nothing is read from another address unasked. If it is right, give that one."
    raise SourceUnreadable("The camera sends us elsewhere", said, hint)


def denied(text: str, *, tried: bool) -> SourceDenied:
    """A password that is wrong (`tried`) or missing."""
    if tried:
        hint = "Check both; characters such as @ / : # must be written as %40 %2F %3A %23."
        return SourceDenied("The camera refuses user name or password", text, hint)
    hint = "Write them into the address, before the host: //user:password@host/path."
    return SourceDenied("The camera asks for user name and password", text, hint)


def refused(text: str, status: int) -> SourceError:
    """What another status than 200, 401 and those of redirects means."""
    said = f"{text}: status {status}"
    if status == http.client.FORBIDDEN:
        hint = "Check the rights of this user."
        return SourceDenied("The camera does not allow it", said, hint)
    if status in (http.client.NOT_FOUND, http.client.GONE):
        hint = "Look the path up in its manual."
        return SourceNotFound("The camera knows no such path", said, hint)
    hint = "Look at its own page; it may be busy or starting."
    return SourceUnreadable("The camera refuses", said, hint)


def trouble(text: str, error: Exception, seconds: float) -> SourceError:
    """The typed error for what went wrong while connecting or reading."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "Name its certificate: SSL_CERT_FILE=camera.pem; or use http:// in a safe network."
        said = f"{text}: {error.verify_message}"
        return SourceDenied("The camera's certificate is not trusted", said, hint)
    if isinstance(error, TimeoutError):
        said = f"{text}: no whole answer within {seconds:g} s"
        hint = "Check address, network and firewall."
        return SourceTimeout("The stream does not answer", said, hint)
    if isinstance(error, socket.gaierror):
        said, hint = f"{text}: the name has no address", "Check the spelling of the address."
        return SourceNotFound("There is no such host", said, hint)
    if isinstance(error, ConnectionResetError | BrokenPipeError | http.client.RemoteDisconnected):
        return broken_off(text)
    if isinstance(error, OSError):
        said = f"{text}: {error.strerror or 'no connection'}"
        hint = "Check that the camera is on, and its port."
        return SourceNotFound("Nobody listens at this address", said, hint)
    said, hint = (
        f"{text}: {type(error).__name__}",
        "Try the address in a browser or a video player.",
    )
    return SourceUnreadable("This is no camera's answer", said, hint)


def broken_off(text: str) -> SourceUnreadable:
    """A stream that ended in its midst."""
    hint = "Check the camera's power and network."
    return SourceUnreadable("The stream broke off", text, hint)

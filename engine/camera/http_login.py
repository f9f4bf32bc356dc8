"""User name and password for a network camera over HTTP: Basic and Digest (RFC 7616).

Cameras ask for Digest with MD5 to this day. It keeps the password off the wire and nothing more:
whoever stands in the camera's place could ask for Basic, and would be told it in clear. So a camera
that asked for Digest once is never answered with Basic again, which is remembered in
`~/.cache/facedesk/digest_cameras.json`; and `camera.basic_login` forbids it altogether.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, unquote

from engine.camera.masking import mask_credentials
from engine.errors import FacedeskError, SourceDenied
from engine.files import read_plain, write_plain
from engine.openvino_networks import cache_folder

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_NEXT = re.compile(r",\s*(?=(?:Basic|Digest|Bearer|Negotiate)\b)", re.IGNORECASE)
"""Between two challenges in one header."""
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
MOST_REMEMBERED = 1000
Who = tuple[str, str]
"""A camera's host, with its port, and our user there."""
_digest_users: set[Who] = set()
"""Of whom a camera asked Digest in this process, where the disk may refuse to remember it."""


def login(
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
    if asked:
        hint = "It asked for Digest before: somebody may be in its place. Look at the camera."
    else:
        hint = "Set the camera to Digest, or allow it: camera.basic_login = true."
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
        return hashlib.new(
            _HASHES[name], ":".join(parts).encode(), usedforsecurity=False
        ).hexdigest()

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

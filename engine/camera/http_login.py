"""User name and password for a network camera over HTTP: Basic and Digest (RFC 7616).

Cameras ask for Digest with MD5 to this day. It keeps the password off the wire and nothing more:
whoever stands in the camera's place could ask for Basic, and would be told it in clear. So a camera
that asked for Digest once is never answered with Basic again, and `camera.basic_login` forbids it
altogether.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote

from engine.camera.masking import mask_credentials
from engine.errors import SourceDenied
from engine.i18n import _

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_NEXT = re.compile(r",\s*(?=(?:Basic|Digest|Bearer|Negotiate)\b)", re.IGNORECASE)
"""Between two challenges in one header."""
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_digest_users: set[tuple[str, str]] = set()
"""Host and user of whom a camera asked Digest, as long as this process lives."""


def login(
    parts: SplitResult, challenges: Sequence[str], target: str, clear: bool, method: str = "GET"
) -> str | None:
    """The Authorization header for the user of an address; None if no challenge is known here.

    Raises SourceDenied instead of a password in clear, if that is not allowed (`clear`) or the
    camera asked for Digest before. Over TLS nothing is in clear.
    """
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    header = authorization(challenges, user, password, target, method)
    who = (parts.hostname or "", user)
    if header is None or header.startswith("Digest"):
        if header is not None:
            _digest_users.add(who)
        return header
    if parts.scheme.lower() in ("https", "rtsps") or (clear and who not in _digest_users):
        return header
    if who in _digest_users:
        hint = _("It asked for Digest before: somebody may be in its place. Look at the camera.")
    else:
        hint = _("Set the camera to Digest, or allow it: camera.basic_login = true.")
    raise SourceDenied(
        _("The camera asks for the password in clear"), mask_credentials(parts.geturl()), hint
    )


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

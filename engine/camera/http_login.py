"""User name and password for a network camera over HTTP: Basic and Digest (RFC 7616).

Cameras ask for Digest with MD5 to this day. It keeps the password off the wire and nothing more.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def authorization(
    challenges: Sequence[str], user: str, password: str, target: str, method: str = "GET"
) -> str | None:
    """The Authorization header that answers `WWW-Authenticate`; the strongest that both know.

    None if none of the challenges is known here.
    """
    for name in ("SHA-256", "MD5"):
        for challenge in challenges:
            scheme, _, rest = challenge.strip().partition(" ")
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

"""No user name, password or token of a URL in anything that is shown, logged or stored."""

from __future__ import annotations

import re

MASK = "***"

# Not only of schemes that there are: a slip of the finger in one must not show the password.
_WHOLE = re.compile(r"^([^/@]*?://).*@", re.DOTALL)
_WITHIN = re.compile(r"(://)\S*@")
_SECRET = re.compile(
    r"([?&;/#][^?&;/#=\s]*(?:user|usr|login|pass|pwd|token|auth|key|secret|sig|sid|session|cred|jwt|"
    r"hash|nonce)[^?&;/#=\s]*=)[^&;#\s]*",
    re.IGNORECASE,
)
"""A parameter with such a part in its name: `password=`, `loginpas=`, `X-Amz-Signature=`. Some
cameras have them in the path: `/user=admin&password=x`."""


def mask_credentials(text: str) -> str:
    """`text` with the credentials of every URL in it replaced by `***`.

    Everything between `://` and the last `@` goes: people type passwords that hold `/`, `@` or
    `#` unescaped, and hiding too much is the lesser evil. A text that begins with a URL is one
    URL as a whole. Values of telling parameters (`password=`, `token=`, ...) go too, but only
    where there is a URL.
    """
    if "://" not in text:
        return text
    masked = _WHOLE.sub(rf"\1{MASK}@", text)
    masked = _WITHIN.sub(rf"\1{MASK}@", masked)
    return _SECRET.sub(rf"\1{MASK}", masked)

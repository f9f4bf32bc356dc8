"""Sealed bytes: AES-256-GCM with a fresh random nonce each, bound to what kind of file they are.

A sealed file is

    8 bytes  8f 46 44 53 45 41 4c 01     magic and version
    8 bytes  key id                       which data key sealed it
    1 byte   n                            length of the label
    n bytes  label                        what the file is: "person.json", ".png" (`label_of`)
    12 bytes nonce                        random
    rest     ciphertext, 16 bytes of tag

and everything in front of the nonce is authenticated with the contents. A file that grows by lines
has one sealed piece a line, in base64: `FDSL1 <characters> <base64>`.

Random nonces of 96 bits are safe for 2**32 pieces under one key (NIST SP 800-38D, 8.3): a picture
a second for 136 years.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.i18n import _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"\x8fFDSEAL\x01"
LINE = b"FDSL1 "
KEY_BYTES = 32
ID_BYTES = 8
NONCE_BYTES = 12
TAG_BYTES = 16
LINES = ".jsonl"
"""Suffix of files that grow by lines."""
RENAMED = frozenset({".png", ".npz"})
"""Files that change their names when people are merged or pictures are moved: their suffix is
their label. All others keep the name that they were written under, which is bound."""
_LONGEST_LABEL = 255


class NotGenuine(Exception):
    """The bytes were not sealed with this key as a file of this kind, or were changed since.

    The text says why; `engine.vault.opened` makes a typed error of it that names the file.
    """


@dataclass(frozen=True)
class DataKey:
    """A workspace's own key. Its `repr` shows the id only."""

    id: bytes
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.id) != ID_BYTES or len(self.secret) != KEY_BYTES:
            raise ValueError(f"a data key has {ID_BYTES} and {KEY_BYTES} bytes")

    @classmethod
    def make(cls) -> DataKey:
        """A new random key."""
        return cls(secrets.token_bytes(ID_BYTES), secrets.token_bytes(KEY_BYTES))

    @cached_property
    def cipher(self) -> AESGCM:
        """The cipher under this key; the library is loaded at the first use."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.secret)


def label_of(path: Path) -> str:
    """What a file is as far as its name tells: its suffix if it may be renamed, else its name.

    Empty for a name that is a number, as single files have in the trash: any label will do there.
    """
    if path.suffix in RENAMED:
        return path.suffix
    return "" if path.name.isascii() and path.name.isdigit() else path.name


def is_sealed(data: bytes) -> bool:
    """Whether the bytes look sealed, whole or in lines."""
    return data.startswith((MAGIC, LINE))


def seal(key: DataKey, label: str, data: bytes) -> bytes:
    """`data` sealed as a file of kind `label`: `is_sealed` bytes, 44 and the label longer."""
    name = label.encode()
    if not 0 < len(name) <= _LONGEST_LABEL:
        raise ValueError(f"a label has 1 to {_LONGEST_LABEL} bytes")
    head = MAGIC + key.id + bytes((len(name),)) + name
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + key.cipher.encrypt(nonce, data, head)


def unseal(key: DataKey, label: str, data: bytes) -> bytes:
    """What was sealed, if it is of kind `label` (empty: of any). Raises NotGenuine."""
    from cryptography.exceptions import InvalidTag

    start = len(MAGIC) + ID_BYTES
    if not data.startswith(MAGIC) or len(data) <= start:
        raise NotGenuine(_("it is not sealed"))
    body = start + 1 + data[start]
    if len(data) < body + NONCE_BYTES + TAG_BYTES:
        raise NotGenuine(_("it is cut short"))
    if data[len(MAGIC) : start] != key.id:
        raise NotGenuine(_("it was sealed with another key"))
    written = data[start + 1 : body].decode("utf-8", "replace")
    if label and label != written:
        raise NotGenuine(_("it was written as {name!r}").format(name=written))
    view = memoryview(data)
    try:
        return key.cipher.decrypt(
            view[body : body + NONCE_BYTES], view[body + NONCE_BYTES :], data[:body]
        )
    except InvalidTag:
        raise NotGenuine(_("it does not match its seal")) from None


def kind_of(data: bytes) -> str:
    """The label of a file whose name tells nothing, by how its contents begin; else empty."""
    starts = {b"\x89PNG": ".png", b"PK": ".npz"}
    return next((label for start, label in starts.items() if data.startswith(start)), "")


# --- files of lines ------------------------------------------------------------------------------


def seal_line(key: DataKey, label: str, line: bytes) -> bytes:
    """One line, sealed, without the line break."""
    text = base64.b64encode(seal(key, label, line))
    return LINE + str(len(text)).encode() + b" " + text


def seal_lines(key: DataKey, label: str, data: bytes) -> bytes:
    """Each line of `data` sealed by itself."""
    return b"".join(seal_line(key, label, line) + b"\n" for line in data.splitlines())


def unseal_lines(key: DataKey, label: str, data: bytes, *, mixed: bool = False) -> bytes:
    """The lines as they were, each with a line break. Raises NotGenuine.

    A line that a crash cut short is left out, as it would be if it were not sealed; one that was
    changed is not. `mixed`: a line that is plain counts too.
    """
    found = []
    for number, line in enumerate(data.splitlines(), 1):
        if mixed and not line.startswith(LINE):
            found.append(line + b"\n")
            continue
        piece = _piece(line)
        if piece is None:
            continue
        try:
            found.append(unseal(key, label, piece) + b"\n")
        except NotGenuine as error:
            raise NotGenuine(
                _("line {number}: {error}").format(number=number, error=error)
            ) from None
    return b"".join(found)


def _piece(line: bytes) -> bytes | None:
    """The sealed bytes of a line, None if it was cut short. Raises NotGenuine for a plain line."""
    length, space, text = line[len(LINE) :].partition(b" ")
    if not line.startswith(LINE):
        if not line or LINE.startswith(line):
            return None
        raise NotGenuine(_("it holds a line that is not sealed"))
    if not space or not length.isdigit() or len(text) < int(length[:9]):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NotGenuine(_("it holds a line that does not match its seal")) from None

"""Sealed bytes: AES-256-GCM with a fresh random nonce each, bound to what kind of file they are.

A sealed file is

    8 bytes  8f 46 44 53 45 41 4c 01     magic and version
    8 bytes  key id                       which data key sealed it
    1 byte   n                            length of the label
    n bytes  label                        what the file is: "person.json", ".png" (`label_of`)
    12 bytes nonce                        random
    rest     ciphertext, 16 bytes of tag

and everything in front of the nonce is authenticated with the contents. A file that grows by lines
has one sealed piece a line, in base64: `FDSL2 <file> <number> <characters> <base64>`. A random id
of the file and the line's number in it are authenticated too, so that a line which was taken out,
put elsewhere or doubled is noticed; one that was cut off at the end is not. Older lines are
`FDSL1 <characters> <base64>`, and stand in front of newer ones.

Random nonces of 96 bits are safe for 2**32 pieces under one key (NIST SP 800-38D, 8.3): a picture
a second for 136 years.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"\x8fFDSEAL\x01"
LINE, OLD_LINE = b"FDSL2 ", b"FDSL1 "
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
TAIL = 1 << 16
"""Bytes at the end of a file of lines in which its last line is looked for."""


class NotGenuine(Exception):
    """The bytes were not sealed with this key as a file of this kind, or were changed since. The
    text says why; `opened` makes a typed error of it that names the file."""


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
    Empty for a name that is a number, as single files have in the trash: any label will do."""
    if path.suffix in RENAMED:
        return path.suffix
    return "" if path.name.isascii() and path.name.isdigit() else path.name


def is_sealed(data: bytes) -> bool:
    """Whether the bytes look sealed, whole or in lines."""
    return data.startswith((MAGIC, LINE, OLD_LINE))


def is_line(line: bytes) -> bool:
    """Whether a line looks sealed."""
    return line.startswith((LINE, OLD_LINE))


def holds_lines(data: bytes) -> bool:
    """Whether there may be a sealed line in it."""
    return LINE in data or OLD_LINE in data


def seal(key: DataKey, label: str, data: bytes, place: bytes = b"") -> bytes:
    """`data` sealed as a file of kind `label`: `is_sealed` bytes, 44 and the label longer. `place`
    is authenticated too, and not in the result."""
    name = label.encode()
    if not 0 < len(name) <= _LONGEST_LABEL:
        raise ValueError(f"a label has 1 to {_LONGEST_LABEL} bytes")
    head = MAGIC + key.id + bytes((len(name),)) + name
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + key.cipher.encrypt(nonce, data, head + place)


def unseal(key: DataKey, label: str, data: bytes, place: bytes = b"") -> bytes:
    """What was sealed at `place`, if it is of kind `label` (empty: of any). Raises NotGenuine."""
    from cryptography.exceptions import InvalidTag

    start = len(MAGIC) + ID_BYTES
    if not data.startswith(MAGIC) or len(data) <= start:
        raise NotGenuine("it is not sealed")
    body = start + 1 + data[start]
    if len(data) < body + NONCE_BYTES + TAG_BYTES:
        raise NotGenuine("it is cut short")
    if data[len(MAGIC) : start] != key.id:
        raise NotGenuine("it was sealed with another key")
    written = data[start + 1 : body].decode("utf-8", "replace")
    if label and label != written:
        raise NotGenuine(f"it was written as {written!r}")
    view = memoryview(data)
    try:
        return key.cipher.decrypt(
            view[body : body + NONCE_BYTES], view[body + NONCE_BYTES :], data[:body] + place
        )
    except InvalidTag:
        raise NotGenuine("it does not match its seal") from None


def kind_of(data: bytes) -> str:
    """The label of a file whose name tells nothing, by how its contents begin; else empty."""
    starts = {b"\x89PNG": ".png", b"PK": ".npz"}
    return next((label for start, label in starts.items() if data.startswith(start)), "")


# --- files of lines ------------------------------------------------------------------------------


_HEAD = re.compile(rb"FDSL2 ([0-9a-f]{16}) ([0-9]{1,15}) ([0-9]{1,9}) ")
_OLD_HEAD = re.compile(rb"FDSL1 ([0-9]{1,9}) ")
_OLD_TORN = re.compile(rb"FDSL1( ([0-9]{1,9}( [A-Za-z0-9+/]*={0,2})?)?)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed line stands: random id of its file (16 hexadecimal digits), number from 1."""

    file: bytes
    number: int

    @classmethod
    def at(cls, number: int) -> Place:
        """A place in a file that has no id yet."""
        return cls(secrets.token_hex(8).encode(), number)

    @property
    def after(self) -> Place:
        """The next one."""
        return Place(self.file, self.number + 1)

    @property
    def bound(self) -> bytes:
        """What is authenticated of it."""
        return self.file + b" %d" % self.number


def seal_line(key: DataKey, label: str, line: bytes, place: Place) -> bytes:
    """One line, sealed, without the line break."""
    text = base64.b64encode(seal(key, label, line, place.bound))
    return LINE + b"%s %d %d %s" % (place.file, place.number, len(text), text)


def seal_lines(key: DataKey, label: str, data: bytes) -> bytes:
    """Each line of `data` sealed by itself, as a file of its own."""
    place, found = Place.at(1), []
    for line in data.splitlines():
        found.append(seal_line(key, label, line, place) + b"\n")
        place = place.after
    return b"".join(found)


def next_place(tail: Callable[[int | None], bytes]) -> Place:
    """Where the next line of a file of whole lines stands. `tail` reads so many bytes of its end,
    or all of it, which is asked for only where the end does not tell."""
    lines: list[bytes] = []
    for size in (TAIL, None):
        lines = tail(size).splitlines()
        # The first line may be the end of a longer one.
        last = lines[-1] if lines and (size is None or len(lines) > 1) else b""
        if found := _HEAD.match(last):
            return Place(found[1], int(found[2])).after
    return Place.at(len(lines) + 1)


def is_whole(line: bytes) -> bool:
    """Whether a sealed line has as many characters as it says."""
    found = _HEAD.match(line)
    return found is not None and len(line) == found.end() + int(found[3])


def unseal_lines(key: DataKey, label: str, data: bytes, *, mixed: bool = False) -> bytes:
    """The lines as they were, each with a line break. Raises NotGenuine, which names the line. A
    last line that a crash cut short is left out, as it would be if it were not sealed, and an older
    one wherever it is: older versions went on behind it. `mixed`: plain lines count too."""
    found = []
    file = b""
    for number, line in enumerate(lines := data.splitlines(), 1):
        torn = number == len(lines) and not data.endswith(b"\n")
        try:
            if mixed and not is_line(line):
                found.append(line + b"\n")
            elif line.startswith(LINE):
                if torn and not is_whole(line):
                    continue
                place, piece = _placed(line)
                if place.number != number or file not in (b"", place.file):
                    raise NotGenuine("a line is missing in front of it, or it belongs elsewhere")
                file = place.file
                found.append(unseal(key, label, piece, place.bound) + b"\n")
            elif torn and LINE.startswith(line):
                continue
            elif file and (is_line(line) or _is_cut(line)):
                raise NotGenuine("it is cut short, or was changed")
            elif not _is_cut(line):
                found.append(unseal(key, label, _old_piece(line)) + b"\n")
        except NotGenuine as error:
            raise NotGenuine(f"line {number}: {error}") from None
    return b"".join(found)


def cut_lines(data: bytes) -> tuple[int, ...]:
    """The numbers of older lines that are cut short, and are not the last one. `unseal_lines`
    leaves them out: it may have been a crash, and may have been somebody."""
    lines = data.splitlines()
    return tuple(number for number, line in enumerate(lines[:-1], 1) if _is_cut(line))


def _is_cut(line: bytes) -> bool:
    """Whether a line is the beginning of an older one."""
    found = _OLD_HEAD.match(line)
    if found is not None and len(line) >= found.end() + int(found[1]):
        return False
    return OLD_LINE.startswith(line) or _OLD_TORN.fullmatch(line) is not None


def _placed(line: bytes) -> tuple[Place, bytes]:
    """Where a line says that it stands, and its sealed bytes. Raises NotGenuine."""
    found = _HEAD.match(line)
    if found is None or not is_whole(line):
        raise NotGenuine("it is cut short, or was changed")
    return Place(found[1], int(found[2])), _decoded(line[found.end() :])


def _old_piece(line: bytes) -> bytes:
    found = _OLD_HEAD.match(line)
    if not is_line(line):
        raise NotGenuine("it is not sealed")
    if found is None or len(line) != found.end() + int(found[1]):
        raise NotGenuine("it does not match its seal")
    return _decoded(line[found.end() :])


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NotGenuine("it does not match its seal") from None

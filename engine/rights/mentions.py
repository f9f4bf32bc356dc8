"""Whether a text names a person: by name, or by the folder's name where that means nothing else.

A name of digits or of up to two letters ("60", "No") is also a number or a word of any text. It
counts only as a whole value: what stands between quotes, between slashes, or alone.

Reading any file for what it says of somebody: sealed or plain, packed or not, however it is
written. What cannot be read is an error of its own, so that nobody takes it for searched.
"""

from __future__ import annotations

import html
import io
import json
import re
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from engine.contract.errors import FacedeskError
from engine.workspace.files import read_either

LARGEST = 1 << 30
"""Bytes of a file, or of all that an archive unpacks to, beyond which it is not read."""
DEEPEST = 3
"""Archives in archives that are looked into."""
_TAR = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
"""How files begin that `tarfile` may unpack."""
_PACKED = (*_TAR, b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd")
"""How packed files begin; zip is told by its directory, which may follow anything."""
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_START = 4096
"""Bytes in which a text of two or four bytes a character shows."""


class Unread(Exception):
    """A file, or a part of it, could not be read. The text says why."""


def contents(file: Path) -> bytes:
    """What a file says, unsealed if it is sealed. Raises FileNotFoundError, Unread."""
    try:
        if file.stat().st_size > LARGEST:
            raise Unread("it is too large")
        return read_either(file)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unread(error.strerror or str(error)) from error
    except FacedeskError as error:
        raise Unread(error.title) from error


def is_packed(data: bytes) -> bool:
    """Whether `members` has to look into it."""
    return (
        data.startswith((b"PK\x03\x04", *_PACKED))
        or data[257:262] == b"ustar"
        or (b"PK\x05\x06" in data[-66000:] and zipfile.is_zipfile(io.BytesIO(data)))
    )


def members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what an archive packs. Raises Unread at what cannot be unpacked."""
    try:
        if zipfile.is_zipfile(io.BytesIO(data)):
            yield from _zipped(data)
        elif data.startswith(_TAR) or data[257:262] == b"ustar":
            yield from _tarred(data)
        else:
            raise Unread("it is packed in a way that is not known here")
    except (
        zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError, EOFError,
        zlib.error, OSError, ValueError,
    ) as error:  # fmt: skip
        raise Unread("it cannot be unpacked") from error


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _refuse_large(sum(entry.file_size for entry in entries))
        yield "", archive.comment
        for entry in entries:
            with archive.open(entry) as file:
                yield entry.filename, file.read(LARGEST)


def _tarred(data: bytes) -> Iterator[tuple[str, bytes]]:
    total = 0
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            total += entry.size
            _refuse_large(total)
            file = archive.extractfile(entry) if entry.isreg() else None
            yield f"{entry.name} {entry.linkname}", file.read() if file else b""


def _refuse_large(total: int) -> None:
    if total > LARGEST:
        raise Unread("it unpacks to too much")


def readings(data: bytes) -> Iterator[str]:
    """The text of some bytes in each way that it may be meant: also what is escaped for HTML, XML
    or a URL, and what is written with two or four bytes a character."""
    for text in _decoded(data):
        plain = text if text.isascii() else unicodedata.normalize("NFC", text)
        yield plain
        if "&" in plain and (unescaped := html.unescape(plain)) != plain:
            yield unescaped
        if "%" in plain and (unquoted := unquote(plain, errors="replace")) != plain:
            yield unquoted


def _decoded(data: bytes) -> Iterator[str]:
    codec = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    if codec:
        yield data.decode(codec, "replace")
        return
    yield data.decode("utf-8", "replace")
    if b"\x00" in data[:_START]:
        for wide in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield data.decode(wide, "replace")


OURS = frozenset(
    {
        "aside", "blocks", "camera", "centres", "choices", "classic", "cli", "current", "demo",
        "details", "done", "event", "features", "file", "files", "format", "head", "history",
        "inbox", "keep", "kept", "known", "labels", "marks", "mixed", "model", "models", "name",
        "names", "people", "person", "pictures", "random", "recipe", "roster", "rows", "seen",
        "session", "sessions", "slug", "source", "split", "stale", "strangers", "test", "train",
        "trash", "unknown", "unsure", "validation", "version",
    }
)  # fmt: skip
"""Words of our own files: a person's folder may be called so, and then only the name tells."""


SHORTEST = 2
"""Letters up to which a name may be a word of any text."""


class Mentions:
    """Looks for a person's `names` and `slug` as whole words. `others` are the names and folders of
    everybody else: "Ann" in "Ann Lee" is no mention."""

    def __init__(self, names: Sequence[str], slug: str, others: Iterable[str] = ()) -> None:
        wanted = [form for name in names for form in _forms(name)]
        wanted.append(slug)
        # What our own files have as keys and values is no mention, even where it stands alone.
        wanted = [form for form in wanted if form not in OURS]
        self._wanted = _any_of(wanted)
        longer = {form for other in others for form in _forms(other)} - set(wanted)
        masks = [form for form in longer if self._wanted.search(form)]
        self._masked = _any_of(masks) if masks else None

    def within(self, text: str) -> bool:
        """Whether `text` names the person."""
        if self._wanted.search(text) is None:
            return False
        return self._masked is None or self._wanted.search(self._masked.sub("", text)) is not None

    def within_bytes(self, data: bytes) -> bool:
        """Whether a file's contents name the person, however they are written."""
        return any(map(self.within, readings(data)))


def is_common(name: str) -> bool:
    """Whether a name may as well be a number or a short word of any text."""
    letters = sum(character.isalpha() for character in name)
    return letters <= SHORTEST and name.isascii()


def _forms(name: str) -> set[str]:
    """A name as it stands, and as JSON writes it in ASCII."""
    return {name, json.dumps(name)[1:-1]}


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    # The longest first: of "Ann" and "Ann Lee" the whole is to be found.
    ordered = sorted(words, key=len, reverse=True)
    free = [re.escape(word) for word in ordered if not is_common(word)]
    alone = [re.escape(word) for word in ordered if is_common(word)]
    parts = []
    if free:
        # A hyphen joins a folder's name: "ann" is no mention in "ann-lee".
        parts.append(rf"(?<![\w-])(?:{'|'.join(free)})(?![\w-])")
    if alone:
        parts.append(rf"(?<![^\"'/])(?:{'|'.join(alone)})(?![^\"'/])")
    return re.compile("|".join(parts) or r"(?!)")

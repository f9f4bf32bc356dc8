"""Array files that lie: every one is refused before anything is allocated for it."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt
from engine.model.arrays import pack, unpack

GOOD = pack({"a": np.arange(4, dtype=np.float32)})


def member(header: str, data: bytes = b"", version: int = 1) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text + data


def zipped(*members: tuple[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, packing)
    return out.getvalue()


def described(kind: str, shape: str) -> str:
    return f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}"


HEADERS = {
    "huge shape": described("'<f4'", "(1000000000000,)"),
    "shape beyond 64 bits": described("'<f4'", "(10000000000000000000000000000,)"),
    "empty but huge": described("'<f4'", "(1000000000000, 0)"),
    "negative": described("'<f4'", "(-1, -4)"),
    "no size": described("'<U0'", "(1000000000000,)"),
    "objects": described("'|O'", "(1,)"),
    "record": described("[('a', '<f4')]", "(1,)"),
    "sub-array": described("('<f4', (2,))", "(1,)"),
    "void": described("'|V8'", "(1,)"),
    "no type": described("'x'", "(1,)"),
    "nested": "(" * 3000,
    "open": "{'descr': '<f4'",
    "code": "__import__('os').system('true')",
    "too few bytes": described("'<f4'", "(9,)"),
    "too many bytes": described("'<f4'", "(2,)"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_headers_that_lie_are_refused_without_allocating(what: str) -> None:
    data = zipped(("a.npy", member(HEADERS[what], bytes(16))))
    tracemalloc.start()
    with pytest.raises(ModelCorrupt):
        unpack(data, "x.npz")
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_member_is_refused_whatever_is_in_it(packing: int) -> None:
    bomb = member(described("'|u1'", "(50000000,)"), bytes(50_000_000))
    with pytest.raises(ModelCorrupt, match="compressed"):
        unpack(zipped(("a.npy", bomb), packing=packing), "x.npz")


def test_entries_that_share_their_bytes_are_refused() -> None:
    data, directory = GOOD, GOOD.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[directory:end]
    many = b"".join(entry.replace(b"a.npy", bytes([98 + n]) + b".npy") for n in range(20))
    tail = bytearray(data[end:])
    tail[8:20] = struct.pack("<HHII", 20, 20, len(many), directory)
    with pytest.raises(ModelCorrupt, match="overlap"):
        unpack(data[:directory] + many + bytes(tail), "x.npz")


def test_a_size_in_the_directory_that_is_not_the_members_is_refused() -> None:
    at = GOOD.index(b"PK\x01\x02")
    for size in (1, 10, 1 << 31, (1 << 32) - 1):
        lying = bytearray(GOOD)
        lying[at + 24 : at + 28] = struct.pack("<I", size)
        with pytest.raises(ModelCorrupt):
            unpack(bytes(lying), "x.npz")


def test_a_wrong_checksum_is_refused() -> None:
    at = GOOD.index(np.arange(4, dtype=np.float32).tobytes())
    assert zlib.crc32(GOOD[at : at + 4]) != 0
    with pytest.raises(ModelCorrupt):
        unpack(GOOD[:at] + b"\xff" + GOOD[at + 1 :], "x.npz")


@pytest.mark.parametrize(
    "names",
    [("a.npy", "a.npy"), ("a.txt",), ("",), ("x/",), tuple(f"{n}.npy" for n in range(2000))],
)
def test_names_that_are_none_twice_or_too_many_are_refused(names: tuple[str, ...]) -> None:
    body = member(described("'|u1'", "(1,)"), b"\0")
    with (
        pytest.warns(UserWarning, match="Duplicate") if len(set(names)) < len(names) else _nothing()
    ):
        data = zipped(*((name, body) for name in names))
    with pytest.raises(ModelCorrupt):
        unpack(data, "x.npz")


def test_text_that_is_no_text_is_refused() -> None:
    body = member(described("'<U1'", "(1,)"), struct.pack("<I", 0x110000))
    with pytest.raises(ModelCorrupt, match="character"):
        unpack(zipped(("a.npy", body)), "x.npz")


def test_an_encrypted_member_is_refused() -> None:
    marked = bytearray(GOOD)
    marked[6] |= 1
    marked[GOOD.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ModelCorrupt):
        unpack(bytes(marked), "x.npz")


@pytest.mark.parametrize("around", [(b"MZ" + bytes(100), b""), (b"", b"trailing" * 10)])
def test_what_stands_around_the_archive_is_never_arrays(around: tuple[bytes, bytes]) -> None:
    try:
        found = unpack(around[0] + GOOD + around[1], "x.npz")
    except ModelCorrupt:
        return
    assert found["a"].tolist() == [0, 1, 2, 3]


def _nothing() -> object:
    import contextlib

    return contextlib.nullcontext()

"""Spoiling valid inputs: bytes, and with knowledge of JSON, zip/npz, PNG chunks and text."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

LONGEST = 1 << 20
"""Bytes of an input: longer ones find the same faults slowly."""
NUMBERS = (
    0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 50_000, 80_000_000,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
)  # fmt: skip
TOKENS: tuple[str, ...] = (
    "\0", "\x1b[2J",
    "\x1b]52;c;eA==\x07", "\x1b]8;;http://x\x07", "\x9b31m", "\u202e", "\u200b",
    "\ufeff", "\u2028", "\ud800", "[red]", "[/]", "[@click=app.quit]", "<script>", "&lt;", '"', "'",
    "=cmd|' /C calc'!A0", "+1", "@SUM(1)", "\t", "\r\n", "..", "../" * 8, "/etc/passwd", "~",
    "~root", "\\", "%00", "%2e%2e%2f", "{}", "{0}", "%s", "@", "://", "user:p@ss@", "?token=",
    "#", "nan",
    "inf", "-1", "1e999", "9" * 400, "0x10", "true", "null", "[" * 200, "\u0430", "e\u0301" * 20,
    "A" * 300, "\U0001f468\u200d\U0001f469", "\ufdfa" * 30, "\u0345",
    "file://", "demo:", "?frames=",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -(10**18), 0.5, 1e308, float("nan"),
    float("inf"), "", "x", "\x1b[31m", "..", "../../x", "/etc/passwd", "\ud800", "A" * 5000, [],
    {}, [[]], [None], {"type": "FaceSeen"}, [1, 2, 3], ["a", "b"], {"": {}},
    "2026-11-27T00:00:00+00:00",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seed:
    """A valid input. `prefix` chooses within the target and is kept; `kind` says what `body` is."""

    body: bytes
    kind: str = "bytes"
    prefix: bytes = b""


def mutated(seed: Seed, others: Sequence[Seed], rng: Random) -> bytes:
    """An input made of `seed`; now and then the seed itself, so that the good way is seen too."""
    if rng.random() < 0.01:
        return seed.prefix + seed.body
    kind = seed.kind if rng.random() < 0.7 else "bytes"
    try:
        body = KINDS[kind](seed.body, rng)
    except (ValueError, KeyError, IndexError, struct.error, zipfile.BadZipFile, zlib.error):
        body = of_bytes(seed.body, rng)
    if rng.random() < 0.05 and others:
        other = rng.choice(others).body
        body = body[: rng.randint(0, len(body))] + other[rng.randint(0, len(other)) :]
    return seed.prefix + body[:LONGEST]


def of_bytes(data: bytes, rng: Random) -> bytes:
    """Bits, bytes, lengths and pieces of it."""
    changed = bytearray(data)
    for _ in range(min(1 + int(rng.expovariate(0.7)), 12)):
        if not changed:
            return rng.randbytes(rng.randint(0, 64))
        # Headers decide what happens: half of the changes fall into the first bytes.
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 256)
        at = rng.randrange(reach)
        match rng.randrange(9):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 2:
                del changed[at:]
            case 3:
                del changed[at : at + rng.choice((1, 2, 4, 16, 256))]
            case 4:
                end = at + rng.choice((1, 4, 16, 64, 1024))
                changed[at:at] = changed[at:end]
            case 5:
                changed[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16)))
            case 6:
                number, size = rng.choice(NUMBERS), rng.choice(("B", "H", "I"))
                limit = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF}[size]
                packed = struct.pack(rng.choice("<>") + size, number & limit)
                changed[at : at + len(packed)] = packed
            case 7:
                end = min(len(changed), at + rng.choice((1, 8, 64)))
                changed[at:end] = bytes(end - at)
            case _:
                there = rng.randrange(len(changed))
                changed[at : at + 8], changed[there : there + 8] = (
                    changed[there : there + 8],
                    changed[at : at + 8],
                )
    return bytes(changed)


def of_text(data: bytes, rng: Random) -> bytes:
    """Tokens that mean something to somebody, put into the text or in place of a piece."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        end = at if rng.random() < 0.5 else rng.randint(at, len(text))
        text = text[:at] + rng.choice(TOKENS) * rng.choice((1, 1, 1, 3)) + text[end:]
    if rng.random() < 0.2:
        text = text.swapcase() if rng.random() < 0.5 else text * 2
    return text.encode("utf-8", "surrogatepass")


def of_json(data: bytes, rng: Random) -> bytes:
    """Values, keys and nesting of a JSON text."""
    root = [json.loads(data)]
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(_places(root))
        match rng.randrange(7):
            case 0 | 1 | 2:
                holder[key] = rng.choice(VALUES)
            case 3 if isinstance(holder, dict):
                holder[rng.choice(("", "type", "payload", "version", "x"))] = holder.pop(key)
            case 4 if isinstance(holder[key], str):
                holder[key] = of_text(holder[key].encode("utf-8", "surrogatepass"), rng).decode(
                    "utf-8", "surrogatepass"
                )
            case 5:
                if holder is not root:
                    holder.pop(key)
            case _:
                nested = holder[key]
                for _ in range(rng.choice((1, 3, 40))):
                    nested = [nested]
                holder[key] = nested
    text = json.dumps(root[0], ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.05:
        text = "[" * 100_000 if rng.random() < 0.5 else text.replace("{", '{"a":1,"a":2,', 1)
    return text.encode("utf-8", "surrogatepass")


def _places(root: Any) -> list[tuple[Any, Any]]:
    """Every holder and key in a tree of lists and dictionaries."""
    found, waiting = [], [root]
    while waiting and len(found) < 2000:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], list | dict):
                waiting.append(holder[key])
    return found


def of_lines(data: bytes, rng: Random) -> bytes:
    """JSON Lines: one line spoilt, doubled, dropped or cut."""
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines[at : at + 1] = [lines[at]] * 2
        case 1:
            del lines[at]
        case 2:
            lines[at] = lines[at][: rng.randint(0, len(lines[at]))]
        case _:
            lines[at] = of_json(lines[at], rng) + b"\n"
    return b"".join(lines)


def of_zip(data: bytes, rng: Random) -> bytes:
    """Members of a zip: their bytes (with a right checksum), headers, names, number and packing."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    packing = rng.choice((zipfile.ZIP_STORED,) * 4 + (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    at = rng.randrange(len(members))
    name, body = members[at]
    match rng.randrange(8):
        case 0 | 1:
            members[at] = name, of_bytes(body, rng)
        case 2 | 3 | 4:
            members[at] = name, _npy_header(body, rng)
        case 5:
            members[at] = rng.choice(("", "x", "../x.npy", "/x.npy", "a" * 300, name + "x")), body
        case 6:
            members[at : at + 1] = rng.choice(([], [members[at]] * 2))
        case _:
            members[at] = name, body + bytes(rng.choice((1, 1000, 30_000_000)))
            packing = zipfile.ZIP_DEFLATED
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore")  # of two members of one name, which is the point
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, packing)
    packed = out.getvalue()
    return of_bytes(packed, rng) if rng.random() < 0.2 else packed


def _npy_header(body: bytes, rng: Random) -> bytes:
    """Another dtype, order or shape in front of the same data."""
    if not body.startswith(b"\x93NUMPY"):
        return of_bytes(body, rng)
    wide = body[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", body, 8)[0]
    start = 12 if wide else 10
    data = body[start + length :]
    kinds = ("<f4", "<f8", ">f4", "<i8", "|b1", "|O", "|V8", "<U5", "|S3", "<c16", "<M8[s]", "x")
    sizes = (0, 1, 2, 3, 8, 10**6, 2**31, 2**62, 10**30, -1)
    shape = tuple(rng.choice(sizes) for _ in range(rng.randint(0, 4)))
    header = rng.choice(
        (
            f"{{'descr': '{rng.choice(kinds)}', 'fortran_order': False, 'shape': {shape}, }}",
            f"{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}, }}",
            "{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }",
            "(" * 3000,
            "{'descr': '<f4'",
            "__import__('os').system('true')",
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': {'(' * 90}1{',)' * 90}, }}",
        )
    ).encode()
    header += b" " * (-(start + len(header) + 1) % 64) + b"\n"
    size = struct.pack("<I" if wide else "<H", len(header))
    return body[:8] + size + header + data


def of_png(data: bytes, rng: Random) -> bytes:
    """Chunks of a PNG, with right lengths and checksums."""
    chunks, at = [], 8
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(chunks))
        kind, body = chunks[at]
        match rng.randrange(6):
            case 0 | 1:
                chunks[at] = kind, of_bytes(body, rng)
            case 2:
                chunks.insert(at, rng.choice(chunks))
            case 3 if len(chunks) > 2:
                del chunks[at]
            case 4 if kind == b"IHDR":
                sizes = rng.choice(NUMBERS), rng.choice(NUMBERS)
                rest = bytes([rng.choice((1, 8, 16)), rng.choice((0, 2, 3, 4, 6)), 0, 0, 0])
                chunks[at] = kind, struct.pack(">II", *sizes) + rest
            case _:
                made = rng.choice((b"iCCP", b"zTXt", b"eXIf", b"acTL", b"tRNS", b"PLTE", b"iTXt"))
                chunks.insert(1, (made, rng.choice((_bomb(), rng.randbytes(20), b""))))
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


@cache
def _bomb() -> bytes:
    """A compressed chunk that becomes a thousand times as much."""
    return b"x\0\0" + zlib.compress(bytes(20_000_000))


KINDS: dict[str, Callable[[bytes, Random], bytes]] = {
    "bytes": of_bytes,
    "text": of_text,
    "json": of_json,
    "lines": of_lines,
    "zip": of_zip,
    "png": of_png,
}

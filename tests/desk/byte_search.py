"""Looks for a person in every byte of a folder, knowing nothing of how Facedesk stores or erases.

Needles are taken from the workspace before the erasure: texts in UTF-8, UTF-16 and UTF-32 (NumPy
keeps names so), each picture's bytes and digests, each feature row and embedding and the class
centres as float16 and float32 bytes. They are looked for in file names, in files as they lie, and
in what zip archives (`.npz`) unpack to.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.model.store import ModelStore
from engine.workspace.folder import Workspace
from engine.workspace.identity import identity_at

PIECE = 48
"""Bytes of a picture or row that are looked for: enough to be nobody else's."""


def needles_of(workspace: Workspace, slug: str, texts: Iterable[str]) -> dict[str, set[bytes]]:
    """What to look for, by kind."""
    found: dict[str, set[bytes]] = {"text": set(), "picture": set(), "digest": set(), "row": set()}
    id = identity_at(workspace.people / slug)
    for text in (*texts, id):
        for form in {text, json.dumps(text)[1:-1]}:
            found["text"] |= {form.encode(c) for c in ("utf-8", "utf-16-le", "utf-32-le")}
    for file in (workspace.people / slug).rglob("*.png"):
        data = file.read_bytes()
        # The end of the compressed pixels with both checksums: the middle of a made-up picture of
        # flat squares is like that of any other.
        found["picture"].add(data[-40:-12])
        for digest in (hashlib.sha256(data), hashlib.blake2b(data, digest_size=16)):
            forms = digest.hexdigest()
            found["digest"] |= {digest.digest(), forms.encode(), forms.encode("utf-32-le")}
    for file in workspace.features.glob(f"*/{slug}/*.npz"):
        with np.load(file, allow_pickle=False) as arrays:
            found["row"] |= _pieces(arrays["rows"])
    for info in ModelStore(workspace).list():
        model = ModelStore(workspace).load(info.id)
        rows = [row for row, label in enumerate(model.labels) if label[0] == id]
        found["row"] |= _pieces(model.centres[rows])
    assert all(found.values())
    return found


def hits(root: Path, needles: dict[str, set[bytes]]) -> list[str]:
    """Every place that holds a needle: path, and kind of needle."""
    found = []
    for file in sorted(root.rglob("*")):
        blobs = [str(file.relative_to(root)).encode()]
        if file.is_file():
            data = file.read_bytes()
            blobs.append(data)
            if zipfile.is_zipfile(io.BytesIO(data)):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    blobs += [archive.read(member) for member in archive.namelist()]
        for kind, wanted in needles.items():
            if any(needle in blob for blob in blobs for needle in wanted):
                found.append(f"{file.relative_to(root)}: {kind}")
    return found


def _pieces(rows: np.ndarray) -> set[bytes]:
    """Pieces of each row as float16 and float32, from where it holds no zeros."""
    pieces = set()
    for row in rows:
        start = int(np.flatnonzero(row)[0])
        for kind in (np.float16, np.float32):
            data = row[start:].astype(kind).tobytes()[:PIECE]
            if len(data) == PIECE and len(set(data)) > 8:
                pieces.add(data)
    return pieces

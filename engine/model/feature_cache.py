"""Feature rows on disk, one file a session and view: no crop goes through a network twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.errors import ModelCorrupt
from engine.events import FeaturesProgress, Notice
from engine.i18n import _
from engine.model.arrays import pack, unpack
from engine.model.augment import VERSION, augment_view
from engine.model.features import BATCH, Extracts
from engine.pictures import decode_crop
from engine.workspace import Workspace, write_bytes

SAVE_EVERY = 256
"""Crops between two saves: what a killed process loses at most."""

Report = Callable[[FeaturesProgress | Notice], None]


@dataclass(slots=True)
class _Stored:
    """Rows by file name, each with the digest of the picture file it was computed from."""

    rows: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)


class FeatureCache:
    """The features of one extractor: `features/<digest>/<slug>/<session>.npz`.

    Rows are kept as float16: 16 KiB a crop for VGG16, a relative error of 0.02 %, thirty times
    less than bfloat16 arithmetic makes. A row belongs to a picture file's content, not only to
    its name.
    """

    def __init__(self, workspace: Workspace, extractor_digest: str) -> None:
        self._people = workspace.people
        self._folder = workspace.features / extractor_digest

    def rows(
        self,
        slug: str,
        session: str,
        files: Sequence[str],
        extractor: Extracts,
        on_progress: Report | None = None,
        *,
        view: int = 0,
        seed: int = 1,
        cancel: Cancel | None = None,
    ) -> NDArray[np.float32]:
        """Feature rows (n, extractor.length), float32, of `files` of one session, in their order.

        `view` 0 is the crop itself, 1 and up its augmented views under `seed`. Only what is
        missing is computed, and saved even if the job is cancelled half-way. `on_progress` gets
        FeaturesProgress for this call, and a Notice if a damaged cache file is made anew.
        Raises Cancelled, Unreadable for a crop that cannot be decoded, DiskFull,
        WorkspaceUnusable.
        """
        report = on_progress or _ignore
        path = self._path(slug, session, view, seed)
        stored = self._load(path, report)
        folder = self._people / slug / session
        marks = {name: _mark(folder / name) for name in dict.fromkeys(files)}
        missing = [n for n, mark in marks.items() if stored.marks.get(n) != mark]
        cached = len(marks) - len(missing)
        report(FeaturesProgress(done=cached, total=len(marks), cached=cached))
        done = cached
        try:
            for start in range(0, len(missing), BATCH):
                if cancel is not None:
                    cancel.check()
                names = missing[start : start + BATCH]
                crops = np.stack([_crop(folder / name, view, seed) for name in names])
                # Activations reach a few thousand, float16 ends at 65,504: the clip is for
                # foreign weights only.
                rows = np.clip(extractor.extract(crops), -65504, 65504).astype(np.float16)
                stored.rows.update(zip(names, rows, strict=True))
                stored.marks.update((name, marks[name]) for name in names)
                done += len(names)
                report(FeaturesProgress(done=done, total=len(marks), cached=cached))
                if (done - cached) % SAVE_EVERY == 0:
                    self._save(path, folder, stored)
        finally:
            if done > cached:
                self._save(path, folder, stored)
        if not files:
            return np.empty((0, extractor.length), np.float32)
        return np.stack([stored.rows[name] for name in files]).astype(np.float32)

    def ready(
        self, slug: str, session: str, files: Sequence[str]
    ) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Those of `files` whose features are there, with the rows (n, k) float32; computes none.

        A damaged cache file counts as absent. (0, 0) rows if there are none.
        """
        stored = self._load(self._path(slug, session, 0, 0), _ignore)
        folder = self._people / slug / session
        names = tuple(n for n in files if n in stored.rows and stored.marks[n] == _mark(folder / n))
        if not names:
            return (), np.empty((0, 0), np.float32)
        return names, np.stack([stored.rows[name] for name in names]).astype(np.float32)

    def _path(self, slug: str, session: str, view: int, seed: int) -> Path:
        suffix = f".view{view}-seed{seed}-v{VERSION}" if view else ""
        return self._folder / slug / f"{session}{suffix}.npz"

    def _load(self, path: Path, report: Report) -> _Stored:
        """What is on disk; nothing, with a Notice, if it is damaged."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return _Stored()
        except OSError as error:
            report(_damaged(path, error.strerror or "unreadable"))
            return _Stored()
        try:
            arrays = unpack(data, path.name)
            files, marks, rows = arrays["files"], arrays["marks"], arrays["rows"]
            if rows.ndim != 2 or rows.dtype != np.float16 or not np.isfinite(rows).all():
                raise ValueError(_("its rows have the wrong type or values"))
            if not (files.shape == marks.shape == rows.shape[:1]):
                raise ValueError(_("its arrays do not fit each other"))
        except (ModelCorrupt, ValueError, KeyError) as error:
            report(_damaged(path, str(error)))
            return _Stored()
        names = [str(name) for name in files]
        return _Stored(
            dict(zip(names, rows, strict=True)),
            dict(zip(names, (str(mark) for mark in marks), strict=True)),
        )

    def _save(self, path: Path, folder: Path, stored: _Stored) -> None:
        """Write the rows of the pictures that still exist, atomically."""
        names = [name for name in stored.rows if (folder / name).is_file()]
        if not names:
            return
        arrays = {
            "files": np.array(names),
            "marks": np.array([stored.marks[name] for name in names]),
            "rows": np.stack([stored.rows[name] for name in names]),
        }
        write_bytes(path, pack(arrays))


def _crop(path: Path, view: int, seed: int) -> NDArray[np.uint8]:
    crop = decode_crop(path)
    return augment_view(crop, view, seed) if view else crop


def _mark(path: Path) -> str:
    """Digest of a picture file's bytes; empty if it cannot be read (decoding then says why)."""
    try:
        return mark_of(path.read_bytes())
    except OSError:
        return ""


def mark_of(data: bytes) -> str:
    """What the cache knows a picture file of these bytes by."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def cached_arrays(
    pictures: Mapping[str, bytes], rows: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """The arrays of a cache file for `pictures` (name to PNG bytes) with their rows (n, k).

    Others may be packed beside them: the cache does not look at them.
    """
    return {
        "files": np.array(list(pictures)),
        "marks": np.array([mark_of(data) for data in pictures.values()]),
        "rows": np.clip(rows, -65504, 65504).astype(np.float16),
    }


def _damaged(path: Path, reason: str) -> Notice:
    return Notice(
        text=_(
            "The feature cache {folder}/{file} is damaged ({reason}); its features are "
            "computed again."
        ).format(folder=path.parent.name, file=path.name, reason=reason),
        level="warning",
    )


def _ignore(_: FeaturesProgress | Notice) -> None:
    """Report to nobody."""

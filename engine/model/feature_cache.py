"""Feature rows on disk, one file a session and view: no crop goes through a network twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.events import FeaturesProgress
from engine.model.augment import VERSION, augment_view
from engine.model.feature_row import BATCH, Extracts
from engine.model.row_file import Report, RowFile, arrays_of, ignore
from engine.pictures import decode_crop
from engine.workspace import Workspace

SAVE_EVERY = 256
"""Crops between two saves: what a killed process loses at most."""


class FeatureCache:
    """The features of one extractor: `features/<digest>/<slug>/<session>.npz`.

    Rows are kept as float16: 16 KiB a crop for VGG16, a relative error of 0.02 %, thirty times
    less than bfloat16 arithmetic makes. A row belongs to a picture file's content, not only to
    its name. With `keep` false nothing is written: for readers, who hold no lock.
    """

    def __init__(self, workspace: Workspace, extractor_digest: str, *, keep: bool = True) -> None:
        self._keep = keep
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
        report = on_progress or ignore
        stored = self._read(slug, session, view, seed, report)
        missing = stored.missing(files)
        total = len(set(files))
        done = cached = total - len(missing)
        report(FeaturesProgress(done=done, total=total, cached=cached))
        try:
            for start in range(0, len(missing), BATCH):
                if cancel is not None:
                    cancel.check()
                names = missing[start : start + BATCH]
                crops = np.stack([_crop(stored.folder / name, view, seed) for name in names])
                stored.put(names, _storable(extractor.extract(crops)))
                done += len(names)
                report(FeaturesProgress(done=done, total=total, cached=cached))
                if self._keep and (done - cached) % SAVE_EVERY == 0:
                    stored.save()
        finally:
            if self._keep:
                stored.save()
        if not files:
            return np.empty((0, extractor.length), np.float32)
        return stored.rows(files).astype(np.float32)

    def ready(
        self, slug: str, session: str, files: Sequence[str]
    ) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Those of `files` whose features are there, with the rows (n, k) float32; computes none.

        A damaged cache file counts as absent. (0, 0) rows if there are none.
        """
        stored = self._read(slug, session, 0, 0, ignore)
        missing = set(stored.missing(files))
        names = tuple(name for name in files if name not in missing)
        if not names:
            return (), np.empty((0, 0), np.float32)
        return names, stored.rows(names).astype(np.float32)

    def path(self, slug: str, session: str, view: int = 0, seed: int = 1) -> Path:
        """Where the rows of one session and view lie, or would lie."""
        suffix = f".view{view}-seed{seed}-v{VERSION}" if view else ""
        return self._folder / slug / f"{session}{suffix}.npz"

    def _read(self, slug: str, session: str, view: int, seed: int, report: Report) -> RowFile:
        path = self.path(slug, session, view, seed)
        return RowFile.read(path, self._people / slug / session, np.float16, report)


def _crop(path: Path, view: int, seed: int) -> NDArray[np.uint8]:
    crop = decode_crop(path)
    return augment_view(crop, view, seed) if view else crop


def _storable(rows: NDArray[np.float32]) -> NDArray[np.float16]:
    """Activations reach a few thousand, float16 ends at 65,504: the clip is for foreign weights."""
    return np.clip(rows, -65504, 65504).astype(np.float16)


def cached_arrays(
    pictures: Mapping[str, bytes], rows: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """The arrays of a cache file for `pictures` (name to PNG bytes) with their rows (n, k).

    Others may be packed beside them: the cache does not look at them.
    """
    return arrays_of(pictures, _storable(rows))

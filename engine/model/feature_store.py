"""Feature rows on disk, one file a session and view, and the embeddings beside them.

No crop goes through a network twice. An embedding is a thirteenth of a VGG16 feature row, and
projecting a row takes longer than all that a small gallery does with it. The file lies in the
features' folder, so that whatever moves or deletes the features of a session takes it along.
Augmented views are computed once, so that their features can be kept. The last rows stay in memory
by what their crops hold: the first pictures of a capture are looked at twice.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, FeaturesProgress, Notice
from engine.model.arrays import Report, RowFile, ignore, mark_of
from engine.model.face_space import Space
from engine.model.vectors import NEAREST, Float32, Levelled, stacked
from engine.model.vgg16 import BATCH, Extracts
from engine.pictures import decode_crop
from engine.workspace.folder import Workspace

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
        suffix = f".view{view}-seed{seed}-v{VIEWS_VERSION}" if view else ""
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
    return {
        "files": np.array(list(pictures)),
        "marks": np.array([mark_of(data) for data in pictures.values()]),
        "rows": _storable(rows),
    }


class EmbeddingCache:
    """Embeddings and levels in one space: `features/<extractor>/<slug>/<session>.space-<...>.npz`.

    Those of a space that was just fitted, which has no digest, are not kept. With `keep` false
    nothing is written: for readers, who hold no lock.
    """

    def __init__(
        self, workspace: Workspace, extractor: Extracts, space: Space, *, keep: bool = True
    ) -> None:
        self._keep = keep and bool(space.digest)
        self._people = workspace.people
        self._features = FeatureCache(workspace, extractor.digest, keep=keep)
        self._extractor = extractor
        self._space = space
        self._cohort: Float32 | None = None
        """Held from the first use on: the space would unpack it for every session."""

    def rows(
        self,
        slug: str,
        session: str,
        files: Sequence[str],
        on_progress: Report | None = None,
        *,
        view: int = 0,
        seed: int = 1,
        cancel: Cancel | None = None,
    ) -> Levelled:
        """Embeddings of `files` of one session, in their order, with their levels.

        Parameters, progress and errors as of `FeatureCache.rows`, which gives what is missing.
        """
        report = on_progress or ignore
        path = _beside(self._features.path(slug, session, view, seed), self._space.digest)
        stored = RowFile.read(path, self._people / slug / session, np.float32, report)
        missing = stored.missing(files) if self._space.digest else list(dict.fromkeys(files))
        total = len(set(files))
        ready = total - len(missing)

        def of_all(event: FeaturesProgress | Notice) -> None:
            if isinstance(event, FeaturesProgress):
                event = FeaturesProgress(
                    done=ready + event.done, total=total, cached=ready + event.cached
                )
            report(event)

        if missing:
            features = self._features.rows(
                slug, session, missing, self._extractor, of_all, view=view, seed=seed, cancel=cancel
            )
            self._cohort = self._space.cohort
            placed = self._space.place(features)
            stored.put(missing, np.concatenate([placed.rows, placed.levels], axis=1))
        else:
            report(FeaturesProgress(done=total, total=total, cached=total))
        if self._keep:
            stored.save()
        if not files:
            return stacked((), self._space.dims)
        rows = np.asarray(stored.rows(files), np.float32)
        return Levelled(np.ascontiguousarray(rows[:, :-1]), rows[:, -1:])


def kept_embeddings(
    workspace: Workspace, extractor: str, space: str, slug: str, session: str, files: Sequence[str]
) -> Float32 | None:
    """Embeddings (n, dims) of `files` as they are kept; None if one of them is not.

    `extractor` and `space` are digests: neither network nor face space is loaded.
    """
    path = _beside(FeatureCache(workspace, extractor).path(slug, session), space)
    stored = RowFile.read(path, workspace.people / slug / session, np.float32, ignore)
    if not files or stored.missing(files):
        return None
    return np.ascontiguousarray(stored.rows(files)[:, :-1], np.float32)


def _beside(features: Path, space: str) -> Path:
    # Levels are means over so many neighbours: another number makes other levels.
    return features.with_name(f"{features.stem}.space-{space[:16]}-{NEAREST}.npz")


def notices_to(emit: Emit) -> Report:
    """Passes on notices, and no progress."""
    return lambda event: emit(event) if isinstance(event, Notice) else None


class Progress:
    """Adds the progress of single sessions up to that of the whole run."""

    def __init__(self, total: int, emit: Emit) -> None:
        self._total = total
        self._emit = emit
        self._before = 0
        self._cached = 0
        self._cached_here = 0

    def within_session(self, event: FeaturesProgress | Notice) -> None:
        """Pass a session's progress on as part of the whole."""
        if isinstance(event, Notice):
            self._emit(event)
            return
        self._cached_here = event.cached
        done = self._before + event.done
        cached = self._cached + event.cached
        self._emit(FeaturesProgress(done=done, total=self._total, cached=cached))

    def session_done(self, files: int) -> None:
        """A session is complete."""
        self._before += files
        self._cached += self._cached_here
        self._cached_here = 0


MOST = 64
"""Rows that are kept: 3 MB of VGG16's."""


class RecentRows:
    """Stands before extractors. Safe from any thread; no network is called under the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: OrderedDict[tuple[str, bytes], NDArray[np.float32]] = OrderedDict()
        """By an extractor's digest and a crop's; the oldest goes first."""

    def before(self, extractor: Extracts) -> Extracts:
        """`extractor`, which is not asked again for rows that are kept."""
        return _Before(self, extractor)


class _Before:
    def __init__(self, recent: RecentRows, extractor: Extracts) -> None:
        self.digest, self.length = extractor.digest, extractor.length
        self._recent, self._extractor = recent, extractor

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Extracts.extract`."""
        digests = [hashlib.blake2b(crop.tobytes(), digest_size=16).digest() for crop in crops]
        keys = [(self.digest, digest) for digest in digests]
        recent = self._recent
        with recent.lock:
            found = {key: recent.rows[key] for key in keys if key in recent.rows}
        new = [place for place, key in enumerate(keys) if key not in found]
        if new:
            rows = self._extractor.extract(crops[new])
            made = {keys[place]: row.copy() for place, row in zip(new, rows, strict=True)}
            found |= made
            with recent.lock:
                recent.rows |= made
                while len(recent.rows) > MOST:
                    recent.rows.popitem(last=False)
        if not keys:
            return np.empty((0, self.length), np.float32)
        return np.stack([found[key] for key in keys])


VIEWS_VERSION = 1
"""Changes whenever the same crop, view and seed would give another picture."""

# What a webcam and an imperfect alignment do to a face, no more: a view must stay her face.
_ROTATION = 7.0  # degrees
_SHIFT = 0.035  # of the width
_ZOOM = 0.06
_BRIGHTNESS = 25.0  # grey levels
_CONTRAST = 0.2
_BLUR_SHARE, _BLUR = 0.3, 1.4  # share of views, largest sigma in pixels

ENOUGH = 60
"""Pictures of a person from which augmented views would add nothing but work: LFW's
people have 24 at most, and theirs help a little; a capture's hundred are views of their own."""


def wanted_views(pictures: int, most: int) -> int:
    """How many views of each of a person's `pictures` to make, `most` at most.

    The next view of all is wanted while those before it, with the pictures, are fewer than ENOUGH.
    """
    return sum(pictures * view < ENOUGH for view in range(1, most + 1))


def augment_view(crop: NDArray[np.uint8], view: int, seed: int) -> NDArray[np.uint8]:
    """View number `view` (from 1) of a crop: uint8 (h, w, 3), RGB, in and out.

    A small rotation, shift and zoom, brightness and contrast, sometimes a slight blur. No flip:
    pictures to be named are not mirrored. The same crop, view and seed always give the same
    picture, whatever was asked for before.
    """
    import cv2  # 30 MB, which a process that only names faces does not need

    key = hashlib.sha256(np.ascontiguousarray(crop).data)
    key.update(f"{seed} {view} {VIEWS_VERSION}".encode())
    random = np.random.default_rng(list(key.digest()))
    height, width = crop.shape[:2]
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2),
        random.uniform(-_ROTATION, _ROTATION),
        random.uniform(1 - _ZOOM, 1 + _ZOOM),
    )
    matrix[0, 2] += random.uniform(-_SHIFT, _SHIFT) * width
    matrix[1, 2] += random.uniform(-_SHIFT, _SHIFT) * height
    turned = cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    if random.uniform() < _BLUR_SHARE:
        turned = cv2.GaussianBlur(turned, (0, 0), random.uniform(0.4, _BLUR))
    contrast = random.uniform(1 - _CONTRAST, 1 + _CONTRAST)
    brightness = random.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    levels = (turned.astype(np.float32) - 127.5) * contrast + 127.5 + brightness
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)

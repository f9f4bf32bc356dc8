"""Embeddings on disk beside the features they come from: what training reads of who was there.

An embedding is a thirteenth of a VGG16 feature row, and projecting a row takes longer than all that
a small gallery does with it. The file lies in the features' folder, so that whatever moves or
deletes the features of a session takes it along.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.cancel import Cancel
from engine.events import FeaturesProgress, Notice
from engine.model.face_space import Space
from engine.model.feature_cache import FeatureCache
from engine.model.feature_row import Extracts
from engine.model.row_file import Report, RowFile, ignore
from engine.model.vectors import NEAREST, Float32, Levelled, stacked
from engine.workspace import Workspace


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
        path = self._path(slug, session, view, seed)
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

    def _path(self, slug: str, session: str, view: int, seed: int) -> Path:
        return _beside(self._features.path(slug, session, view, seed), self._space.digest)


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

"""Features of a capture's pictures while it runs, so that training finds them all or nearly so.

One thread of low priority takes a few pictures at a time and puts their rows where training looks
for them: the pictures themselves first, then their augmented views, oldest first. It stands back
for whatever else the process has to do, and what it does not come to, training computes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.contract.messages import PictureKept, PicturesOver
from engine.model.feature_store import EmbeddingCache, RecentRows, wanted_views
from engine.model.networks import Backbones
from engine.pictures import Unreadable
from engine.workspace.folder import Workspace

log = logging.getLogger(__name__)

BATCH = 2
"""Pictures at once: what a training, a cancel or the end of a capture waits for at most. More are
hardly faster, see `openvino_extractor.STEP`."""
NICENESS = 10


@dataclass(slots=True)
class _Session:
    """Pictures of one session that wait, by view; `slug` is whose it is now."""

    slug: str
    waiting: dict[int, list[str]] = field(default_factory=dict)
    kept: int = 0

    def next(self) -> int | None:
        """The view whose pictures are next; none of those that training would not want."""
        wanted = wanted_views(self.kept, max(self.waiting, default=0))
        return next((v for v in sorted(self.waiting) if self.waiting[v] and v <= wanted), None)

    def take(self) -> tuple[int, list[str]]:
        """The next view and its pictures, oldest first; only where there is one."""
        view = self.next()
        assert view is not None
        taken, self.waiting[view] = self.waiting[view][:BATCH], self.waiting[view][BATCH:]
        return view, taken


class FeaturesAhead:
    """The features of pictures as they are kept. Methods are safe from any thread, none waits for
    a network but `paused`, which waits for the batch under way.

    Up to `views` augmented views of each picture are computed as well, see `wanted_views`. The
    caller holds `Workspace.writer` from a session's first picture until `over` has returned.
    """

    def __init__(
        self,
        workspace: Workspace,
        views: int,
        backbones: Backbones,
        ready_to_train: Callable[[], object] = lambda: None,
    ) -> None:
        """`ready_to_train` is called after each batch: training is what comes next."""
        self._ready_to_train = ready_to_train
        self._workspace = workspace
        self._views = views
        self._backbones = backbones
        self.recent = RecentRows()
        """Rows that whoever else looks at the same pictures need not compute again."""
        self._changed = threading.Condition()
        self._sessions: dict[str, _Session] = {}
        self._holders = 0
        self._working = False
        self._thread: threading.Thread | None = None

    def take(self, message: PictureKept | PicturesOver) -> None:
        """A picture of a session is on disk, or the session is over, as `over` says."""
        if isinstance(message, PicturesOver):
            self.over(message.session)
        else:
            self.kept(message.slug, message.session, message.file)

    def kept(self, slug: str, session: str, file: str) -> None:
        """A picture of a session is on disk."""
        with self._changed:
            found = self._sessions.setdefault(session, _Session(slug))
            found.slug = slug
            found.kept += 1
            for view in range(self._views + 1):
                found.waiting.setdefault(view, []).append(file)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="features", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def over(self, session: str) -> None:
        """No more pictures of a session will come: what is not begun is left to training.

        Returns when the batch under way, if any, is on disk.
        """
        with self._changed:
            self._sessions.pop(session, None)
            self._changed.wait_for(lambda: not self._working)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is computed inside the block; waits for the batch under way."""
        with self._changed:
            self._holders += 1
            self._changed.wait_for(lambda: not self._working)
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1
                self._changed.notify_all()

    def _run(self) -> None:
        """The thread: batch after batch, for good."""
        with contextlib.suppress(AttributeError, OSError):  # only Linux has it a thread
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._holders and self._next() is not None)
                session = self._next()
                assert session is not None
                slug, taken = self._sessions[session].slug, self._sessions[session].take()
                self._working = True
            try:
                self._compute(slug, session, *taken)
            except Exception:  # the pictures are safe, and training computes what is missing
                log.exception("no features during the capture of %s", session)
                with self._changed:
                    self._sessions.pop(session, None)
            finally:
                with self._changed:
                    self._working = False
                    self._changed.notify_all()
            self._ready_to_train()

    def _next(self) -> str | None:
        """A session with a picture that waits."""
        return next((id for id, s in self._sessions.items() if s.next() is not None), None)

    def _compute(self, slug: str, session: str, view: int, files: list[str]) -> None:
        backbone = self._backbones.chosen()
        space = backbone.space
        # Once for a face space, and nobody waits for it here.
        _ = space.strangers
        folder = self._workspace.people / slug / session
        there = [file for file in files if (folder / file).is_file()]
        cache = EmbeddingCache(self._workspace, self.recent.before(backbone.extractor), space)
        try:
            cache.rows(slug, session, there, view=view)
        except Unreadable:
            if folder.is_dir():  # else it was given up or became another person's meanwhile
                raise

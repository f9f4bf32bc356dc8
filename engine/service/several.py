"""Several sources at once: one that fails ends alone, and all others go on.

The recognition is over when the last source has ended; it has failed if every one of them has.
"""

from __future__ import annotations

import threading
from typing import Any

from engine.camera.masking import mask_credentials
from engine.errors import EngineDied
from engine.events import JobEnded, SourceFailed
from engine.service import cameras
from engine.service.child import Child
from engine.service.messages import FramesEnded
from engine.service.requests import Job, RecogniseRequest


class Several:
    """A part of the real `Desk`: what becomes of a recognition's sources."""

    _lock: threading.RLock
    _jobs: dict[Job, str]
    _requests: dict[Job, Any]
    _failed: dict[int, SourceFailed]
    """Sources of the recognition under way that are given up, by their number."""

    def _child(self, name: str) -> Child:
        raise NotImplementedError

    def _camera_of(self, process: str) -> int | None:
        """The number of the source that a process watches beside others; None if none."""
        request = self._requests.get("recognise")
        if not isinstance(request, RecogniseRequest) or not request.beside:
            return None
        names = [cameras.process_name(number) for number in range(len(request.sources))]
        return names.index(process) if process in names else None

    def _watch_again(
        self, process: str, camera: int, status: int, *, again: bool
    ) -> SourceFailed | None:
        """A camera process that watched one of several sources has died: another one watches on,
        or, if it is not to be started `again`, the source is given up (what to tell of it)."""
        with self._lock:
            if self._jobs.get("recognise") != "running":
                return None  # not begun, or being ended: the sources that are left will do
            if again:
                start = cameras.starts(self._requests["recognise"])[process]
                self._child(process).send(start)
                return None
            source = mask_credentials(self._requests["recognise"].sources[camera])
        error = EngineDied(
            f"The {process} process died",
            f"it keeps dying (status {status})",
        )
        failed = SourceFailed.failure(source, camera, error)
        self._failed[camera] = failed
        self._child("model").send(FramesEnded(frames=0, dropped=0, seconds=0.0, camera=camera))
        return failed

    def _judged(self, ended: JobEnded) -> JobEnded:
        """The end of a recognition, which has failed if all of its sources have."""
        request = self._requests.get("recognise")
        sources = len(request.sources) if isinstance(request, RecogniseRequest) else 1
        if ended.outcome != "done" or sources < 2 or len(self._failed) < sources:
            return ended
        last = list(self._failed.values())[-1]
        return JobEnded(
            job=ended.job,
            outcome="failed",
            title=f"All {sources} sources failed",
            message=last.text,
            hint=last.hint,
            exit_code=last.exit_code,
        )

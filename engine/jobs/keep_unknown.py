"""Which strangers go to the inbox: settled, good enough to be enrolled with, few of each track.

Runs beside recognition and writes nothing: whoever may write gets a `Sighted`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.contract import Emit, FaceSeen, Sighted
from engine.faces.box import Box
from engine.model.arrays import pack
from engine.model.feature_store import cached_arrays
from engine.model.vectors import Float32
from engine.people.unknown import Inbox
from engine.pictures import encode_png
from engine.recognise.tracking import LOST_AFTER, Decision
from engine.recognise.why import Evidence, Memory
from engine.settings import Settings
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from engine.faces.quality import Verdict

SETTLED = 5
"""Frames in a row that say unknown, or a name, until a track counts as a stranger's, or as that
of somebody enrolled: the first few often change, and a stranger near the threshold is named now
and then, which the operator wants to know of."""
SPACED = 0.8
"""Seconds between two kept crops of one track: sooner they are near copies."""
MOST_TRACKS = 64


@dataclass(slots=True)
class _Track:
    """What is known of one track. `over`: named for long, or sent; nothing more is kept. `beside`
    are the tracks seen in one frame with it."""

    seen: float
    unknown: int = 0
    known: int = 0
    over: bool = False
    best: FaceSeen | None = None
    kept: list[tuple[Evidence, Verdict]] = field(default_factory=list)
    beside: set[int] = field(default_factory=set)


class Keeper:
    """Collects the crops of strangers' tracks, and emits each track as one `Sighted`.

    `keep` None: as the workspace's switch says at the moment. `extractor` and `space` are the
    digests of what makes features and embeddings. A track is dropped whole if `unkept` is true of
    the embeddings (n, dims) of its crops.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        extractor: str,
        space: str,
        emit: Emit,
        keep: bool | None = None,
        *,
        unkept: Callable[[Float32], bool] = lambda embeddings: False,
    ) -> None:
        self._unkept = unkept
        self._inbox = Inbox(workspace, settings.inbox)
        self._gates = settings.gates
        self._most = settings.inbox.crops
        self._digests = extractor, space
        self._emit = emit
        self._keep = keep
        self._tracks: dict[int, _Track] = {}
        self._run = secrets.token_hex(8)
        """Tells this run's tracks from those of others: each run numbers them from one."""
        self._aligned = "eyes"

    def take(
        self, seconds: float, events: Sequence[FaceSeen], memory: Memory, aligned: str = "eyes"
    ) -> None:
        """Look at one frame's faces; `seconds` is its time on the source's clock, `aligned` as in
        `FacesFound`."""
        if events:
            self._aligned = aligned
        for event in events:
            evidence = memory.of(event.track)
            if evidence is not None:
                track = self._tracks.setdefault(event.track, _Track(event.seconds))
                if len(track.beside) < MOST_TRACKS:
                    track.beside |= _beside(event, events)
                self._look(track, event, evidence)
        gone = [n for n, track in self._tracks.items() if abs(seconds - track.seen) > LOST_AFTER]
        gone += list(self._tracks)[: max(0, len(self._tracks) - len(gone) - MOST_TRACKS)]
        for number in dict.fromkeys(gone):
            self._send(number, self._tracks.pop(number))

    def finish(self) -> None:
        """Recognition is over: what was collected goes out."""
        for number in list(self._tracks):
            self._send(number, self._tracks.pop(number))

    def _look(self, track: _Track, event: FaceSeen, evidence: Evidence) -> None:
        track.seen = event.seconds
        track.known = track.known + 1 if event.decision == Decision.KNOWN else 0
        if track.known >= SETTLED:
            # Somebody enrolled who was not recognised at once is no stranger.
            track.over, track.kept = True, []
        if track.over:
            return
        track.unknown = track.unknown + 1 if event.decision == Decision.UNKNOWN else 0
        if track.unknown < SETTLED:
            return
        if track.best is None or event.score > track.best.score:
            track.best = event
        last = track.kept[-1][0] if track.kept else None
        if last is not None and event.seconds - last.seen.seconds < SPACED:
            return
        if not (self._inbox.keeping if self._keep is None else self._keep):
            return
        # OpenCV: 30 MB, for an inbox that is kept only.
        from engine.faces.align import EYES_IN_CROP, Face
        from engine.faces.quality import QualityGates

        face = Face(Box(*event.box), EYES_IN_CROP, bool(evidence.eyes_found), evidence.crop)
        verdict = QualityGates(self._gates).judge((face,), last.crop if last is not None else None)
        if verdict.refusal is not None:
            return
        track.kept.append((evidence, verdict))
        if len(track.kept) >= self._most:
            self._send(event.track, track)

    def _send(self, number: int, track: _Track) -> None:
        """Emit what was kept of a track, if anything; no more of it is kept."""
        track.over = True
        kept, track.kept = track.kept, []
        if not kept or track.best is None:
            return
        embeddings = np.stack([evidence.embedding for evidence, _ in kept])
        if self._unkept(embeddings):
            return
        pictures = {f"{n + 1:04d}.png": encode_png(e.crop) for n, (e, _) in enumerate(kept)}
        features = np.stack([evidence.features for evidence, _ in kept])
        arrays = pack({**cached_arrays(pictures, features), "embeddings": embeddings})
        parts = (*pictures.values(), arrays)
        best = track.best
        self._emit(
            Sighted(
                source=best.source,
                track=number,
                candidate=best.candidate,
                candidate_id=best.candidate_id,
                score=best.score,
                threshold=best.threshold,
                shots=tuple(
                    (
                        evidence.seen.frame,
                        round(evidence.seen.seconds, 3),
                        evidence.seen.box,
                        bool(evidence.eyes_found),
                        round(verdict.brightness, 2),
                        round(verdict.sharpness, 2),
                    )
                    for evidence, verdict in kept
                ),
                extractor=self._digests[0],
                space=self._digests[1],
                sizes=tuple(map(len, parts)),
                payload=b"".join(parts),
                run=self._run,
                beside=tuple(sorted(track.beside)),
                aligned=self._aligned,
            )
        )


def _beside(event: FaceSeen, events: Sequence[FaceSeen]) -> set[int]:
    """Tracks of other faces in the frame. Boxes that overlap may be one face found twice."""
    box = Box(*event.box)
    return {
        other.track
        for other in events
        if other.track != event.track and not box.shared(Box(*other.box))
    }

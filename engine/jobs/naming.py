"""The model's half of recognition: faces of a frame in; who they are, counts and sums out.

Finding the faces is not among it, so that the model process does without OpenCV. `Keeper` collects
the strangers to keep: settled, good enough to be enrolled with, few pictures of each track.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.contract import Emit, FaceSeen, NoFace, RecogniseDone, RecognitionRate, Sighted
from engine.contract.messages import FacesFound
from engine.faces.align import EYES_IN_CROP, Box, Face
from engine.jobs.material import Unkept, ready_strangers, stale_ids
from engine.model.arrays import pack
from engine.model.feature_store import cached_arrays
from engine.model.networks import Backbones, model_in_use
from engine.model.vectors import Float32
from engine.people.permission import permitted
from engine.people.person import warn_unread
from engine.people.registry import People
from engine.people.unknown import UnknownStore
from engine.pictures import encode_png
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.recognise.threshold import threshold_event
from engine.recognise.tracking import LOST_AFTER, Decision
from engine.recognise.why import Evidence, Explainer, Memory
from engine.settings import Settings
from engine.workspace.folder import Workspace
from engine.workspace.identity import PERSON_FILE, sub_folders

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
        self._unknown = UnknownStore(workspace, settings.unknown)
        self._gates = settings.gates
        self._most = settings.unknown.crops
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
        if not (self._unknown.keeping if self._keep is None else self._keep):
            return
        from engine.faces.quality import QualityGates  # OpenCV: 30 MB

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


RATE_INTERVAL = 1.0
"""Seconds between reports of how recognition keeps up."""
LOOK_INTERVAL = 1.0
"""Seconds between looks at who may still be named."""


class Recognition:
    """One run: names the faces it is given, counts, and sums up. Loading takes seconds."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        emit: Emit,
        keep: bool | None = None,
        backbones: Backbones | None = None,
    ) -> None:
        """Load the model in use (see `model_in_use`) and emit its Threshold.

        `keep` as in `Keeper`; `backbones` may have its network already.

        Raises NoModel, ModelCorrupt, BackboneMissing.
        """
        model = model_in_use(workspace, emit)
        backbone = (backbones or Backbones(settings.model)).of(model.info)
        extractor, space = backbone.extractor, backbone.space
        self._emit = emit
        self._workspace = workspace
        self._model = model.info
        self._unread: set[str] = set()
        self._read_names()
        self._unkept = Unkept(workspace, backbone)

        def keeper() -> Keeper:
            return Keeper(
                workspace,
                settings,
                extractor.digest,
                space.digest,
                emit,
                keep,
                unkept=self._unkept.shows,
            )

        self._keepers: defaultdict[int, Keeper] = defaultdict(keeper)
        """One a camera: each has a clock of its own."""
        self.explainer = Explainer(workspace, settings.gates, extractor.digest, space)
        self._recogniser = Recogniser(
            model,
            extractor,
            space,
            settings.recognition,
            stale_ids(workspace, model.info),
            self._names,
            classifier_for(model, backbone.weights),
            ready_strangers(workspace, extractor, space, emit),
        )
        emit(threshold_event(self._recogniser.calibration, "recognise"))
        # The first call compiles the network; better now than on the first face.
        black = np.zeros((1, 160, 160, 3), np.uint8)
        self._recogniser.observe("", 0, 0.0, [(0, 0, 1, 1)], black, single=True)
        self._recogniser.memory.clear()
        self._began = self._reported = self._looked = time.monotonic()
        self._frames = self._faces = self._recent = 0
        self._dropped: Counter[int] = Counter()
        self._people: Counter[str] = Counter()

    def take(self, found: FacesFound, skipped: int = 0) -> None:
        """Name the faces of one frame; emits FaceSeen for each and now and then the rate.

        A picture that stands for itself and shows no face is a NoFace. `skipped` frames were
        replaced by newer ones on the way here.
        """
        events = self._recogniser.observe(
            found.source,
            found.frame,
            found.seconds,
            found.boxes,
            crops_of(found),
            found.single,
            found.eyes_found,
            found.camera,
        )
        if not found.single:
            self._keepers[found.camera].take(found.seconds, events, self.memory, found.aligned)
        elif not events:
            unread = found.unread
            self._emit(NoFace(source=found.source, frame=found.frame, unread=unread))
        self._dropped[found.camera] = found.dropped + skipped
        self._count(events)
        self._look()

    @property
    def memory(self) -> Memory:
        """What the last decisions rest on."""
        return self._recogniser.memory

    def flush(self) -> None:
        """Send the strangers collected so far to the unknown list."""
        for keeper in self._keepers.values():
            keeper.finish()

    def finish(self, frames: int | None = None, *, why: bool = False) -> RecogniseDone:
        """Sum up; with `why` first explain the last decision about each face.

        `frames` is the cameras' count where it differs from what arrived here.
        """
        if why:
            for evidence in self.memory.all():
                self._emit(self.explainer.explain(evidence))
        self.flush()
        seconds = max(time.monotonic() - self._began, 1e-6)
        done = RecogniseDone(
            frames=self._frames if frames is None else frames,
            faces=self._faces,
            fps=self._frames / seconds,
            dropped=self._dropped.total(),
            people=dict(self._people),
        )
        self._emit(done)
        return done

    def _look(self) -> None:
        """Now and then: leave out who was deleted or took their consent back meanwhile.

        Raises NoModel if nobody is left.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_INTERVAL:
            return
        self._looked = now
        if _stamp(self._workspace) == self._stamp:
            return
        before = self._names
        self._read_names()
        self._unkept.renew()
        if self._names != before:
            self._recogniser.renew(self._names)
            self.explainer.forget()
            self._emit(threshold_event(self._recogniser.calibration, "recognise"))

    def _read_names(self) -> None:
        """Who of the model may be named now, and what tells that this changed. Who cannot be read
        is told, once: nobody knows whether they may be named, and so they are not."""
        known = {label[0] for label in self._model.people}
        self._stamp = _stamp(self._workspace)  # first: what changes now is seen
        here = [person for person in permitted(self._workspace) if person.id in known]
        self._names = {person.id: person.name for person in here}
        unread = People(self._workspace).unread()
        warn_unread([each for each in unread if each.slug not in self._unread], self._emit)
        self._unread = {each.slug for each in unread}

    def _count(self, events: tuple[FaceSeen, ...]) -> None:
        self._frames += 1
        self._recent += 1
        self._faces += len(events)
        for event in events:
            self._people[event.person or event.decision] += 1
            self._emit(event)
        now = time.monotonic()
        if now - self._reported >= RATE_INTERVAL:
            self._emit(
                RecognitionRate(
                    fps=self._recent / (now - self._reported),
                    frames=self._frames,
                    dropped=self._dropped.total(),
                    faces=len(events),
                )
            )
            self._reported, self._recent = now, 0


def _stamp(workspace: Workspace) -> tuple[tuple[str, int], ...]:
    """Changes when somebody is enrolled, deleted, comes back, is renamed, or agrees or no longer
    agrees; reads no file."""
    found = []
    for folder in sub_folders(workspace.people):
        with contextlib.suppress(OSError):  # deleted meanwhile
            found.append((folder.name, Path(folder.path, PERSON_FILE).stat().st_mtime_ns))
    return tuple(found)


def crops_of(found: FacesFound) -> NDArray[np.uint8]:
    """The crops of a message: uint8 (faces, 160, 160, 3), RGB."""
    return np.frombuffer(found.crops, np.uint8).reshape(len(found.boxes), 160, 160, 3)

"""The model's half of recognition: faces of a frame in; who they are, counts and sums out.

Finding the faces is not among it, so that the model process does without OpenCV. `Explainer` says
why a face was decided so, with the enrolled crops that are nearest.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.contract import Emit, FaceSeen, NoFace, RecogniseDone, RecognitionRate, Why
from engine.contract.messages import FacesFound
from engine.jobs.keep_unknown import Keeper
from engine.jobs.material import Unkept, stale_ids
from engine.jobs.strangers import ready_strangers
from engine.model.face_space import Space
from engine.model.feature_store import FeatureCache
from engine.model.networks import Backbones, model_in_use
from engine.people.permission import permitted
from engine.people.person import warn_unread
from engine.people.registry import People
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.recognise.threshold import threshold_event
from engine.recognise.why import EnrolledCrops, Evidence, Memory, enrolled_crops, explain
from engine.settings import GateSettings, Settings
from engine.workspace.folder import Workspace
from engine.workspace.identity import PERSON_FILE, sub_folders

if TYPE_CHECKING:
    from engine.faces.align import Face


class Explainer:
    """Explains decisions. Safe from several threads.

    The enrolled crops are read at the first explanation, from the cache of features that
    training left: crops without features there are not compared, no network runs.
    """

    def __init__(
        self, workspace: Workspace, gates: GateSettings, extractor_digest: str, space: Space
    ) -> None:
        self._workspace = workspace
        self._gates = gates
        self._digest = extractor_digest
        self._space = space
        self._lock = threading.Lock()
        self._enrolled: EnrolledCrops | None = None

    def explain(self, evidence: Evidence) -> Why:
        """The explanation of one decision."""
        with self._lock:
            if self._enrolled is None:
                self._enrolled = self._read()
        return explain(evidence, self._enrolled, self._gates, self._space)

    def forget(self) -> None:
        """People have changed: the enrolled crops are read anew for the next explanation."""
        with self._lock:
            self._enrolled = None

    def _read(self) -> EnrolledCrops:
        people = People(self._workspace)
        cache = FeatureCache(self._workspace, self._digest)
        parts = []
        for person in permitted(self._workspace):
            for session in person.sessions:
                files, features = cache.ready(person.slug, session.id, session.pictures)
                if files:
                    folder = people.session_directory(person.slug, session.id)
                    below = folder.relative_to(self._workspace.root).as_posix()
                    paths = [f"{below}/{file}" for file in files]
                    parts.append((self._space.embed(features), paths, person.name))
        return enrolled_crops(parts, self._space.dims)


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
            classifier_for(model, backbone.weights) if backbone.weights else None,
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

    def take(self, found: FacesFound, skipped: int = 0, *, single: bool = False) -> None:
        """Name the faces of one frame; emits FaceSeen for each and now and then the rate.

        `skipped` frames were replaced by newer ones on the way here.
        """
        crops = crops_of(found)
        events = self._recogniser.observe(
            found.source,
            found.frame,
            found.seconds,
            found.boxes,
            crops,
            single,
            found.eyes_found,
            found.camera,
        )
        if not single:
            self._keepers[found.camera].take(
                found.seconds, events, self._recogniser.memory, found.aligned
            )
        self._dropped[found.camera] = found.dropped + skipped
        self._count(events)
        self._look()

    def take_picture(self, source: str, number: int, face: Face | None) -> None:
        """Name one photograph's face as a probe of its own; NoFace if it has none."""
        if face is None:
            self._emit(NoFace(source=source, frame=number))
            self._count(())
            return
        events = self._recogniser.observe(
            source,
            number,
            float(number),
            [face.box.as_tuple],
            face.crop[None],
            single=True,
            eyes_found=(face.eyes_found,),
        )
        self._count(events)

    @property
    def memory(self) -> Memory:
        """What the last decisions rest on."""
        return self._recogniser.memory

    def flush(self) -> None:
        """Send the strangers collected so far to the inbox."""
        for keeper in self._keepers.values():
            keeper.finish()

    def finish(self, frames: int | None = None) -> RecogniseDone:
        """Sum up. `frames` is the camera's count where it differs from what arrived here."""
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

"""Explanations of a recognition's decisions, with the enrolled crops that are nearest."""

from __future__ import annotations

import threading

from engine.enrol.people import People
from engine.enrol.permission import permitted
from engine.events import Why
from engine.model.face_space import Space
from engine.model.feature_cache import FeatureCache
from engine.recognise.why import EnrolledCrops, Evidence, enrolled_crops, explain
from engine.settings import GateSettings
from engine.workspace import Workspace


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

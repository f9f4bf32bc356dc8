"""The demo: the main job played inside the app, on virtual cameras, with the keys' own methods."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict

from engine.contract import JobEnded
from engine.contract.errors import FacedeskError
from engine.contract.requests import EnrolRequest, Job, RecogniseRequest, SplitRequest, TrainRequest
from tui.desk.jobs import Jobs
from tui.link import EngineApp
from tui.live import Live

PICTURES = 30
EILEEN, GRACE = "Eileen Collins", "Grace Hopper"
SLOWEST_START = 120.0
"""Longest time recognition may take to show its first face, seconds."""


class DemoStopped(Exception):
    """A job of the demo did not end well; the text says which."""


class DemoScript:
    """Enrol one, meet a stranger, enrol her too, train, recognise both."""

    def __init__(self, watch_seconds: float = 8.0) -> None:
        """`watch_seconds`: how long the stranger is watched before she is enrolled."""
        self.watch_seconds = watch_seconds
        self._ends: asyncio.Queue[JobEnded] = asyncio.Queue()
        self._decisions: set[str] = set()
        self._first_face = 0.0

    def job_ended(self, event: JobEnded) -> None:
        """The end of a job reached the app."""
        self._ends.put_nowait(event)

    def saw(self, live: Live) -> None:
        """The present state reached the app."""
        for change in (*live.changes, *live.sightings):
            self._first_face = self._first_face or time.monotonic()
            self._decisions.add(change.face.person or change.face.decision)

    async def run(self, app: EngineApp, jobs: Jobs) -> None:
        """Play all steps; says so when finished or stopped."""
        self._app, self._jobs = app, jobs
        try:
            await self._play()
        except DemoStopped as stopped:
            app.explain(f"Demo stopped: {stopped}")
        except FacedeskError as error:
            app.show_error(error.title, error.message, error.hint)
            app.explain("Demo stopped.")
        else:
            text = f"Demo finished: the workspace is at {app.desk.workspace}"
            app.tell(text, "good")
            app.notify(text, title="Demo", timeout=20, markup=False)

    async def _play(self) -> None:
        self._step(1, f"enrol {EILEEN} from a virtual camera")
        await self._enrol(EILEEN, "demo:collins")
        self._step(2, "split her pictures and train a model")
        await self._train()
        self._step(3, "somebody else walks by: she must come out as unknown")
        await self._meet("demo:hopper")
        self._step(4, f"enrol {GRACE} too")
        await self._enrol(GRACE, "demo:hopper")
        self._step(5, "split and train again")
        await self._train()
        for number, name, source in ((6, EILEEN, "collins"), (7, GRACE, "hopper")):
            self._step(number, f"recognise {name}")
            await self._recognise(f"demo:{source}?seed=2&frames=150")
            await self._end("recognise")
            self._say_seen()

    def _step(self, number: int, text: str) -> None:
        self._app.tell(f"DEMO {number}/7: {text}", "good")

    def _say_seen(self) -> None:
        seen = ", ".join(sorted(self._decisions - {"unsure"})) or "nobody"
        self._app.tell(f"DEMO: seen as {seen}", "good")

    async def _enrol(self, person: str, source: str) -> None:
        await self._jobs.enrol(EnrolRequest(person=person, source=source, count=PICTURES))
        await self._end("enrol")

    async def _train(self) -> None:
        await self._jobs.split(SplitRequest(**asdict(self._app.desk.settings.split)))
        await self._jobs.train(TrainRequest())
        await self._end("train")

    async def _recognise(self, source: str) -> None:
        self._decisions.clear()
        self._first_face = 0.0
        await self._jobs.recognise(RecogniseRequest(source=source))

    async def _meet(self, source: str) -> None:
        await self._recognise(source)
        begun = time.monotonic()
        while self._ends.empty():
            now = time.monotonic()
            watched = self._first_face and now - self._first_face >= self.watch_seconds
            decided = self._decisions - {"unsure"}
            if (watched and decided) or now - begun > SLOWEST_START:
                await self._jobs.stop("recognise")
                break
            await asyncio.sleep(0.1)
        await self._end("recognise")
        self._say_seen()

    async def _end(self, job: Job) -> None:
        """Wait for the end of a job; anything but a good end stops the demo."""
        while True:
            ended = await self._ends.get()
            if ended.job == job:
                break
        if ended.outcome == "failed":
            raise DemoStopped(f"{ended.title}. {ended.hint}")
        if ended.outcome == "cancelled" or (job, ended.outcome) == ("enrol", "stopped"):
            raise DemoStopped(f"{job} was ended early")

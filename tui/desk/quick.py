"""Quick enrolment: after the capture the app splits, trains and goes back to recognising.

Each step is an ordinary job: x ends it in good order and the next one follows, Esc ends it and
the run, and the pictures stay. A recognition that ran when `n` was pressed makes room for the
capture and comes back at the end of the run, whatever the end was.

The four steps from a new person to one who is recognised, and where they stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from engine.camera.v4l import cameras
from engine.contract import EnrolDone, JobEnded, TrainDone
from engine.contract.errors import FacedeskError
from engine.contract.requests import EnrolRequest, RecogniseRequest, TrainRequest
from engine.desk import library
from engine.text import many
from tui.desk.jobs import Jobs
from tui.keys.keymap import with_keys
from tui.link import EngineApp, log
from tui.panes.training import verdict
from tui.screens.dialog import trouble
from tui.screens.forms import NewPersonForm, WelcomeForm
from tui.words.text import clean

Step = Literal["capture", "split", "train", "recognise"]
STEPS: tuple[Step, ...] = ("capture", "split", "train", "recognise")
LEAST = 3
"""Kept pictures without which a training is not worth its time."""


@dataclass(slots=True)
class QuickSteps:
    """One run. `resume` is the recognition that follows, `paused` the one that made room for the
    capture, if one did; without `train` only the capture is done."""

    enrol: EnrolRequest
    resume: RecogniseRequest
    paused: RecogniseRequest | None
    train: bool
    step: Step = "capture"
    captured: int = 0
    given_up: int = 0
    aside: str = ""
    """Why the new model is not in use; empty if it is."""
    ended_early: bool = False
    """Whether the operator ended the capture so that nothing follows it."""
    over: bool = False
    failed: str = ""

    @property
    def shown(self) -> str:
        """All steps on one line, each with a sign: ✓ done, ● running, ✗ failed, ○ to come."""
        return " ".join(f"{self._sign(step)}{step}" for step in STEPS)

    @property
    def outcome(self) -> str:
        """How the run ended, in one line; empty while it goes on."""
        if self.failed or not self.over or not self.train:
            return self.failed
        if self.aside:
            return f"{self.enrol.person} enrolled. {self.aside}"
        return f"{self.enrol.person} enrolled and recognised from now on."

    def _sign(self, step: Step) -> str:
        if step == "train" and self.aside:
            return "!"
        if step != self.step:
            return "✓" if STEPS.index(step) < STEPS.index(self.step) else "○"
        return "✗" if self.failed else "●"


class QuickEnrolment:
    """`n` and what follows from it."""

    def __init__(self, app: EngineApp, jobs: Jobs) -> None:
        self.app, self.jobs = app, jobs
        self.then_train = True
        """Whether training was to follow the last capture; offered by the next form."""
        self.steps: QuickSteps | None = None
        """The run under way, or the last one."""
        self._asked: EnrolRequest | None = None
        """The last request while it has no picture: the next form offers its name again."""
        self._room: asyncio.Future[None] | None = None
        app.listen({EnrolDone: self._counted, TrainDone: self._judged, JobEnded: self._job_ended})

    # --- starting ------------------------------------------------------------------------

    def action_new_person(self) -> None:
        """The form for a new person; recognition makes room when it is sent."""
        if self.app.can("new_person"):
            self._ask(NewPersonForm, self.app.last_used.source)

    def welcome(self) -> None:
        """The form for the first person."""
        source = self.app.last_used.source
        self._ask(WelcomeForm, source if cameras() or not source.isdigit() else "demo:collins")

    def _ask(self, kind: type[NewPersonForm], source: str) -> None:
        async def send(request: EnrolRequest) -> None:
            self.then_train = form.then_train
            await self.enrol(request, self.then_train)

        before = self._asked
        form = kind(
            send,
            name=before.person if before else "",
            by=before.consent if before else "",
            source=source,
            used=self.app.last_used,
            then_train=self.then_train,
            consent=self.app.desk.settings.consent,
        )
        self.app.push_screen(form)

    async def enrol(self, request: EnrolRequest, train: bool) -> None:
        """Capture, and with `train` all that follows. Raises FacedeskError."""
        paused = self.jobs.watched if self.app.board.camera_job == "recognise" else None
        if paused is not None:
            library.check_name(request.person)  # before recognition is ended for nothing
            await self._free_camera()
        resume = RecogniseRequest(source=request.source, window=request.window)
        if paused is not None and request.source in (paused.source, *paused.beside):
            resume = paused
        if train or paused is not None:
            self.steps = QuickSteps(request, resume, paused, train)
        self._asked = request
        try:
            await self.jobs.enrol(request)
        except FacedeskError:
            self.steps = None
            if paused is not None:
                self.app.go(self.jobs.recognise(paused))
            raise
        self._show_steps()

    def action_cancel(self) -> None:
        """Esc: nothing follows the capture that it ends."""
        run = self.steps
        if run is not None and run.step == "capture" and self.jobs.target == "enrol":
            run.ended_early = True
        self.jobs.cancel()

    async def _free_camera(self) -> None:
        """End the running recognition."""
        self._room = asyncio.get_running_loop().create_future()
        self.app.tell("Recognition makes room for the capture and comes back afterwards")
        await self.jobs.stop("recognise")
        try:
            await asyncio.wait_for(self._room, 10)
        finally:
            self._room = None

    # --- what follows --------------------------------------------------------------------

    def _counted(self, event: EnrolDone) -> None:
        if event.captured:
            self._asked = None
        if self.steps is not None and not self.steps.over:
            self.steps.captured, self.steps.given_up = event.captured, event.given_up

    def _judged(self, event: TrainDone) -> None:
        if self.steps is not None and not self.steps.over:
            self.steps.aside = "" if event.promoted else verdict(event)

    def _job_ended(self, event: JobEnded) -> None:
        """Go on to the next step when one has ended."""
        if event.job == "recognise" and self._room is not None and not self._room.done():
            self._room.set_result(None)
        if event.job == "enrol" and event.outcome != "failed":
            self._asked = None
        run = self.steps
        if run is None or run.over:
            return
        if (event.job, run.step) == ("enrol", "capture"):
            self._captured(run, event)
        elif (event.job, run.step) == ("train", "train"):
            self._trained(run, event)
        self._show_steps()

    def _captured(self, run: QuickSteps, ended: JobEnded) -> None:
        if not run.train:
            run.over = True
            self._watch_again(run)
        elif ended.outcome == "failed":
            self._fail(run, f"Not trained: the capture failed. {ended.title}.")
        elif ended.outcome == "cancelled" or run.given_up:
            self._fail(run, "Not trained: the capture was given up.")
        elif run.ended_early and run.captured:
            text = "Not trained: {pictures} of {person} kept. Press {key.train} to train."
            pictures, person = many(run.captured, "picture"), clean(run.enrol.person)
            self._fail(run, with_keys(text, pictures=pictures, person=person))
        elif run.captured < LEAST:
            kept = many(run.captured, "picture is", "pictures are")
            self._fail(run, f"Not trained: {kept} too few, {LEAST} needed.")
        else:
            run.step = "split"
            self._next(run, self._split_and_train(run))

    async def _split_and_train(self, run: QuickSteps) -> None:
        """Divide by the shares in the pane, then train recipe `head`. Raises FacedeskError."""
        why = self.app.board.why_not("train") or self.app.board.why_not("split")
        request = self.jobs.screen.split.request()
        if why is not None:
            self._fail(run, f"Not trained. {why}")
        elif request is None:
            self._fail(run, "Not trained: the shares in the split pane cannot be used.")
        else:
            await self.jobs.split(request)
            run.step = "train"
            self._show_steps()
            await self.jobs.train(TrainRequest())

    def _trained(self, run: QuickSteps, ended: JobEnded) -> None:
        if ended.outcome == "failed":
            self._fail(run, f"The training failed. {ended.title}.")
        elif ended.outcome == "cancelled":
            self._fail(run, "The training was cancelled: the model before stays.")
        else:
            run.step = "recognise"
            if run.aside:
                self.app.tell(run.aside, "warning")
            self._next(run, self.jobs.recognise(run.resume))

    def _next(self, run: QuickSteps, work: Coroutine[Any, Any, None]) -> None:
        """Do a step in the background; trouble ends the run with a sentence."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                if not isinstance(error, FacedeskError):
                    log.exception("a step of the quick enrolment failed")
                self._fail(run, trouble(error))
            if run.step == "recognise" and not run.failed:
                run.over = True
            self._show_steps()

        self.app.run_worker(guarded(), exit_on_error=False)

    def _fail(self, run: QuickSteps, why: str) -> None:
        """End the run, say why, and go on to what is possible."""
        recognising = run.step == "recognise"
        run.over, run.failed = True, why
        self.app.tell(why, "warning")
        self.app.notify(why, severity="warning", timeout=8, markup=False)
        self._show_steps()
        if not recognising:
            self._watch_again(run)

    def _watch_again(self, run: QuickSteps) -> None:
        """Bring back the recognition that made room for the capture."""
        if run.paused is not None and self.app.board.why_not("recognise") is None:
            self.app.go(self.jobs.recognise(run.paused))

    # --- showing -------------------------------------------------------------------------

    def _show_steps(self) -> None:
        run = self.steps
        if run is None:
            return
        shown = run.shown if run.train else ""
        screen = self.jobs.screen
        screen.capture.steps(shown, run.outcome)
        ended = run.aside or run.outcome if run.step == "recognise" and run.over else ""
        screen.recognition.after_enrolment(ended)
        screen.title_bar.steps = "" if run.over else shown

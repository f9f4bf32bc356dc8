"""Quick enrolment: after the capture the app splits, trains and goes back to recognising.

Each step is an ordinary job: x ends it in good order and the next one follows, Esc ends it and
the run, and the pictures stay. A recognition that ran when `n` was pressed makes room for the
capture and comes back at the end of the run, whatever the end was.

The four steps from a new person to one who is recognised, and where they stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.contract import EnrolDone, Event, JobEnded, TrainDone
from engine.contract.desk import Desk
from engine.contract.errors import FacedeskError
from engine.contract.requests import EnrolRequest, RecogniseRequest, TrainRequest
from engine.desk import library
from engine.text import many
from tui.desk.jobs import ActionsApp
from tui.keys.keymap import with_keys
from tui.link import log
from tui.screens.forms import NewPersonForm
from tui.widgets.bars import TitleBar
from tui.words.text import clean

Step = Literal["capture", "split", "train", "recognise"]
STEPS: tuple[Step, ...] = ("capture", "split", "train", "recognise")
WORDS: dict[Step, str] = {
    "capture": "capture",
    "split": "split",
    "train": "train",
    "recognise": "recognise",
}
LEAST = 3
"""Kept pictures without which a training is not worth its time."""


@dataclass(slots=True)
class QuickSteps:
    """One run. `resume` is the recognition that follows; `paused` whether it ran before;
    without `train` only the capture is done."""

    enrol: EnrolRequest
    resume: RecogniseRequest
    paused: bool
    train: bool
    step: Step = "capture"
    captured: int = 0
    given_up: int = 0
    aside: bool = False
    """Whether the gate kept the new model aside."""
    leaves: bool = False
    """Whether the operator ended the capture so that nothing follows it."""
    over: bool = False
    failed: str = ""
    done: set[Step] = field(default_factory=set)

    def go_to(self, step: Step) -> None:
        """The present step is done; this one is next."""
        self.done.add(self.step)
        self.step = step

    def fail(self, why: str) -> None:
        """The run ends here; `why` is a sentence."""
        self.over, self.failed = True, why

    @property
    def shown(self) -> str:
        """All steps on one line, each with a sign: ✓ done, ● running, ✗ failed, ○ to come."""
        return " ".join(f"{self._sign(step)}{WORDS[step]}" for step in STEPS)

    def _sign(self, step: Step) -> str:
        if step in self.done:
            return "✓"
        if step != self.step:
            return "○"
        return "✗" if self.failed else "●"


class QuickEnrolmentApp(ActionsApp):
    """`n` and what follows from it."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.then_train = True
        """Whether training was to follow the last capture; offered by the next form."""
        self.quick: QuickSteps | None = None
        """The run under way, or the last one."""
        self._watched: RecogniseRequest | None = None
        self._room: asyncio.Future[None] | None = None

    # --- starting ------------------------------------------------------------------------

    def action_new_person(self) -> None:
        """The form for a new person; recognition makes room when it is sent."""
        if not self.can("new_person"):
            return

        async def send(request: EnrolRequest) -> None:
            self.then_train = form.then_train
            await self.enrol_quickly(request, train=self.then_train)

        form = NewPersonForm(
            send,
            source=self.source,
            count=self.count,
            window=self.window,
            then_train=self.then_train,
            consent=self.desk.settings.consent,
        )
        self.push_screen(form)

    async def recognise(self, request: RecogniseRequest) -> None:
        """Start watching, and remember it for after the next capture."""
        await super().recognise(request)
        self._watched = request

    async def enrol_quickly(self, request: EnrolRequest, *, train: bool) -> None:
        """Capture, and with `train` all that follows. Raises FacedeskError."""
        paused = self.board.camera_job == "recognise"
        if paused:
            library.check_name(request.person)  # before recognition is ended for nothing
            await self._free_camera()
        resume = RecogniseRequest(source=request.source, window=request.window)
        if paused and self._watched is not None:
            resume = self._watched
        if train or paused:
            self.quick = QuickSteps(request, resume, paused, train)
        try:
            await self.enrol(request)
        except FacedeskError:
            self.quick = None
            if paused:
                self.go(self.recognise(resume))
            raise
        self._show_steps()

    def action_cancel(self) -> None:
        """Esc: nothing follows the capture that it ends."""
        run = self.quick
        target = self.board.target(self.screen_desk.front)
        if run is not None and run.step == "capture" and target == "enrol":
            run.leaves = True
        super().action_cancel()

    async def _free_camera(self) -> None:
        """End the running recognition."""
        self._room = asyncio.get_running_loop().create_future()
        self.tell("Recognition makes room for the capture and comes back afterwards")
        await self.stop("recognise")
        try:
            await asyncio.wait_for(self._room, 10)
        finally:
            self._room = None

    # --- what follows --------------------------------------------------------------------

    def heard(self, event: Event) -> None:
        """Go on to the next step when one has ended."""
        super().heard(event)
        if isinstance(event, JobEnded) and event.job == "recognise":
            if self._room is not None and not self._room.done():
                self._room.set_result(None)
            self._drop_finished()
        run = self.quick
        if run is None or run.over:
            return
        match event:
            case EnrolDone():
                run.captured, run.given_up = event.captured, event.given_up
            case JobEnded(job="enrol") if run.step == "capture":
                self._captured(run, event)
            case TrainDone():
                run.aside = not event.promoted
            case JobEnded(job="train") if run.step == "train":
                self._trained(run, event)
            case _:
                return
        self._show_steps()

    def _captured(self, run: QuickSteps, ended: JobEnded) -> None:
        if not run.train:
            run.over = True
            self._watch_again(run)
        elif ended.outcome == "failed":
            self._fail(run, f"Not trained: the capture failed. {ended.title}.")
        elif ended.outcome == "cancelled" or run.given_up:
            self._fail(run, "Not trained: the capture was given up.")
        elif run.leaves and run.captured:
            text = "Not trained: {pictures} of {person} kept, {key.train} trains them."
            pictures, person = many(run.captured, "picture"), clean(run.enrol.person)
            self._fail(run, with_keys(text, pictures=pictures, person=person))
        elif run.captured < LEAST:
            self._fail(
                run,
                f"Not trained: {run.captured} pictures are too few, {LEAST} needed.",
            )
        else:
            run.go_to("split")
            self._next(run, self._split_and_train(run))

    async def _split_and_train(self, run: QuickSteps) -> None:
        """Divide by the shares in the pane, then train recipe `head`. Raises FacedeskError."""
        why = self.board.why_not("train") or self.board.why_not("split")
        request = self.screen_desk.split.request()
        if why is not None:
            self._fail(run, f"Not trained. {why}")
        elif request is None:
            self._fail(run, "Not trained: the shares in the split pane cannot be used.")
        else:
            await self.split(request)
            run.go_to("train")
            self._show_steps()
            await self.train(TrainRequest())

    def _trained(self, run: QuickSteps, ended: JobEnded) -> None:
        if ended.outcome == "failed":
            self._fail(run, f"The training failed. {ended.title}.")
        elif ended.outcome == "cancelled":
            self._fail(run, "The training was cancelled: the model before stays.")
        else:
            run.go_to("recognise")
            if run.aside:
                self.tell("The new model was kept aside: recognising with the one before it")
            self._next(run, self.recognise(run.resume))

    def _next(self, run: QuickSteps, work: Coroutine[Any, Any, None]) -> None:
        """Do a step in the background; trouble ends the run with a sentence."""

        async def guarded() -> None:
            try:
                await work
            except FacedeskError as error:
                self._fail(run, " ".join(filter(None, (f"{error}.", error.hint))))
            except Exception as error:
                log.exception("a step of the quick enrolment failed")
                self._fail(
                    run,
                    f"Unexpected trouble: {type(error).__name__}: {error}",
                )
            if run.step == "recognise" and not run.failed:
                run.over = True
            self._show_steps()

        self.run_worker(guarded(), exit_on_error=False)

    def _fail(self, run: QuickSteps, why: str) -> None:
        """End the run, say why, and go on to what is possible."""
        recognising = run.step == "recognise"
        run.fail(why)
        self.tell(why, "warning")
        self.notify(why, severity="warning", timeout=8, markup=False)
        self._show_steps()
        if not recognising:
            self._watch_again(run)

    def _watch_again(self, run: QuickSteps) -> None:
        """Bring back the recognition that made room for the capture."""
        if run.paused and self.board.why_not("recognise") is None:
            self.go(self.recognise(run.resume))

    # --- showing -------------------------------------------------------------------------

    def _show_steps(self) -> None:
        run = self.quick
        shown = run.shown if run is not None and run.train else ""
        self.screen_desk.capture.steps(shown, run.failed if run is not None else "")
        running = run is not None and not run.over
        self.screen_desk.query_one(TitleBar).steps = shown if running else ""

    def _drop_finished(self) -> None:
        """The recognition at the end of a run is over, and so is the run's line."""
        if self.quick is not None and self.quick.over and not self.quick.failed:
            self.quick = None
            self._show_steps()

"""What each key does. Panes show, forms ask, the desk works.

The live preview: which pane shows it, how large, how often, and at which level.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual import on

from engine.contract import Event, JobEnded, JobStarted
from engine.contract.desk import Desk
from engine.contract.errors import FacedeskError
from engine.contract.requests import (
    EnrolRequest,
    ImportRequest,
    Job,
    PreviewWish,
    RecogniseRequest,
    SplitRequest,
    TrainRequest,
)
from engine.shortage import shortage
from tui.board import JobBoard
from tui.desk.screen import DeskScreen
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread, log
from tui.live import Live
from tui.panes.base import Pane
from tui.panes.split import SplitPane
from tui.panes.training import TrainingPane
from tui.screens.dialog import Confirm
from tui.screens.forms import SEPARATOR, ImportForm, RecogniseForm, RenameForm
from tui.screens.help import HelpScreen
from tui.screens.models import ModelsScreen
from tui.terminal.line import LIMITS, NAMES, Backlog, Chooser, colours, told
from tui.widgets.preview import FramePreview
from tui.words.text import clean

KEEP: frozenset[Job] = frozenset(("enrol", "import", "recognise"))
"""Jobs that end in good order whichever key ends them: they hold pictures that somebody made."""


class ActionsApp(EngineApp):
    """The actions behind keys and palette, and the jobs that forms and demo start."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.board = JobBoard()
        self.source = "0"
        """The last source used, offered by the next form."""
        self.beside: tuple[str, ...] = ()
        """What was watched beside it."""
        self.window = False
        """Whether OpenCV's own window was wanted last."""
        self.count = desk.settings.enrolment.count
        self.screen_desk = DeskScreen(desk.settings, clock)

    def reload(self) -> object:
        """Read people, split and models again."""
        raise NotImplementedError

    # --- what arrives: each part of the app overrides these and calls the next ------------

    def heard(self, event: Event) -> None:
        """An event has been shown on the desk."""

    def saw(self, live: Live) -> None:
        """The present state has been shown on the desk."""

    # --- jobs: these raise FacedeskError -------------------------------------------------

    async def enrol(self, request: EnrolRequest) -> None:
        """Start capturing."""
        await in_thread(partial(self.desk.enrol, request))
        self.source, self.beside, self.count = request.source, (), request.count
        self.window = request.window

    async def import_pictures(self, request: ImportRequest) -> None:
        """Start importing."""
        await in_thread(partial(self.desk.import_pictures, request))

    async def recognise(self, request: RecogniseRequest) -> None:
        """Start watching."""
        await in_thread(partial(self.desk.recognise, request))
        self.source, self.beside, self.window = request.source, request.beside, request.window

    async def train(self, request: TrainRequest) -> None:
        """Start training."""
        await in_thread(partial(self.desk.train, request))

    async def split(self, request: SplitRequest) -> None:
        """Make a split and show it."""
        result = await in_thread(partial(self.desk.split, request))
        self.screen_desk.split.show(result)
        counts = f"{result.train} to train, {result.validation} to validate, {result.test} to test"
        self.tell(f"Split: {counts}", "good")
        for warning in result.warnings:
            self.tell(warning, "warning")

    async def stop(self, job: Job) -> None:
        """Ask a job for an orderly end."""
        await in_thread(partial(self.desk.stop, job))

    @property
    def help_topic(self) -> str:
        """What F1 explains first: the topmost screen that has a topic, else the pane in front."""
        topics = (getattr(screen, "HELP", "") for screen in reversed(self.screen_stack))
        return next(filter(None, topics), self.screen_desk.front)

    # --- help for the actions ------------------------------------------------------------

    def can(self, action: str) -> bool:
        """Whether an action is possible now; if not, it is explained."""
        why = self.board.why_not(action)
        if why:
            self.explain(why)
        return why is None

    def go(self, work: Coroutine[Any, Any, None], then: Callable[[], object] | None = None) -> None:
        """Run a job or call in the background; trouble is shown."""

        async def guarded() -> None:
            try:
                await work
            except FacedeskError as error:
                self.show_error(error.title, error.message, error.hint)
            except Exception as error:
                log.exception("an action failed")
                if (found := shortage(error)) is not None:
                    self.show_error(found.title, found.message, found.hint)
                    return
                self.show_error("Unexpected trouble", f"{type(error).__name__}: {error}")
            else:
                if then is not None:
                    then()

        self.run_worker(guarded(), exit_on_error=False)

    # --- actions: jobs -------------------------------------------------------------------

    def action_import_folder(self) -> None:
        """The form for an import."""
        if self.can("import_folder"):
            self.push_screen(ImportForm(self.import_pictures, self.desk.settings.consent))

    def action_recognise(self) -> None:
        """The form for recognition."""
        if self.can("recognise"):
            source = SEPARATOR.join((self.source, *self.beside))
            self.push_screen(RecogniseForm(self.recognise, source=source, window=self.window))

    @on(SplitPane.Asked)
    def action_split(self) -> None:
        """Split with the shares in the pane."""
        if not self.can("split"):
            return
        request = self.screen_desk.split.request()
        self.screen_desk.show_pane("split")
        if request is not None:
            self.go(self.split(request))

    @on(TrainingPane.Asked)
    def action_train(self) -> None:
        """Train with the recipe and epochs in the pane."""
        if not self.can("train"):
            return
        request = self.screen_desk.training.request()
        self.screen_desk.show_pane("training")
        if request is not None:
            self.go(self.train(request))

    def action_stop(self) -> None:
        """End the running job in good order."""
        job = self.board.target(self.screen_desk.front)
        if self.can("stop") and job:
            self.tell(f"Stopping: {self.board.titles[job]}")
            self.go(self.stop(job))

    def action_cancel(self) -> None:
        """End the running job: what an operator made stays, and a training is asked about."""
        job = self.board.target(self.screen_desk.front)
        if not self.can("cancel") or not job:
            return
        if job in KEEP:
            self.action_stop()
        elif job == "train":
            what = "No model comes of it, and the one in use stays."
            instead = with_keys("{key.stop} on the desk keeps what it has learnt so far.")
            ask = Confirm(
                "Give the training up?",
                (what, instead),
                yes="Give up (y)",
                no="Go on (n)",
            )
            self.push_screen(ask, lambda yes: self._give_up(job) if yes else None)
        else:
            self._give_up(job)

    def _give_up(self, job: Job) -> None:
        if job in self.board.titles:  # it may have ended while somebody thought about it
            self.tell(f"Cancelling: {self.board.titles[job]}")
            self.go(in_thread(partial(self.desk.cancel, job)))

    # --- actions: people and models ------------------------------------------------------

    def action_rename(self) -> None:
        """The form for another name."""
        person = self.screen_desk.people.selected
        if not self.can("rename") or person is None:
            return

        async def rename(new: str) -> None:
            await in_thread(partial(self.desk.rename, person.name, new))
            self.tell(f"{person.name} is now {new}", "good")
            self.reload()

        self.push_screen(RenameForm(rename, name=person.name))

    def action_models(self) -> None:
        """The models screen. It opens first and reads then: keys that follow are for it."""
        self.push_screen(ModelsScreen(lambda: self.ask(self.desk.models)))

    @on(ModelsScreen.PromoteAsked)
    def _promote(self, message: ModelsScreen.PromoteAsked) -> None:
        async def promote() -> None:
            await in_thread(partial(self.desk.promote, message.model))
            self.tell(f"Model {message.model} is in use", "good")

        self.go(promote(), then=self.reload)

    @on(ModelsScreen.RollbackAsked)
    def _rollback(self) -> None:
        async def rollback() -> None:
            model = await in_thread(self.desk.rollback)
            self.tell(f"Back to model {model}", "good")

        self.go(rollback(), then=self.reload)

    # --- actions: the app ----------------------------------------------------------------

    def action_show_pane(self, name: str) -> None:
        """Bring a pane to the front."""
        self.screen_desk.show_pane(name)

    def action_help(self) -> None:
        """Every key, those of the pane in front first."""
        self.push_screen(HelpScreen(self.help_topic))

    async def action_quit(self) -> None:
        """Leave; ask first if a capture or training would be cut short."""
        titles = self.board.worth_asking
        if not titles or self.closing or isinstance(self.screen, Confirm):
            self.close_down()
            return
        lines = [
            *(f"Still running: {clean(title)}." for title in titles),
            "Pictures kept so far are safe; a training that is cut short leaves no model.",
        ]
        ask = Confirm("Quit now?", lines, yes="Quit (y)", no="Stay (n)")
        self.push_screen(ask, lambda yes: self.close_down() if yes else None)

    async def action_interrupt(self) -> None:
        """Ctrl+C: copy what is selected, else leave."""
        field = self.focused
        chosen = self.screen.get_selected_text() or getattr(field, "selected_text", "")
        if chosen:
            self.copy_to_clipboard(chosen)
            self.notify("Copied", timeout=2)
        else:
            await self.action_quit()


LOOK = 0.25
"""Seconds between two looks at the terminal."""
TELL = 8
"""Every so many looks the rate in the title is brought up to date: a title costs bytes too."""
SHOWN_BY = {"enrol": "capture", "recognise": "recognition"}
"""The pane that shows a job's frames."""


class PreviewApp(ActionsApp):
    """Tells the camera what can be shown, and the operator what that costs."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.preview_chooser = Chooser()
        self._preview_wish = PreviewWish()
        self._preview_job = ""
        self._preview_looks = 0
        self._backlog = Backlog()

    def on_mount(self) -> None:
        """Look at the terminal from time to time."""
        self.set_interval(LOOK, self.look_at_terminal)

    def heard(self, event: Event) -> None:
        """A job with a camera begins or ends."""
        super().heard(event)
        if isinstance(event, JobStarted) and event.job in SHOWN_BY:
            self._preview_job = event.job
            self._make_room()
            self.call_after_refresh(self.look_at_terminal)
        elif isinstance(event, JobEnded) and event.job == self._preview_job:
            self._leave_preview()

    @property
    def preview_pane(self) -> Pane | None:
        """The pane in which frames appear, if a job that has some runs."""
        name = SHOWN_BY.get(self._preview_job)
        if not name:
            return None
        return next(iter(self.screen_desk.query(f"#{name}").results(Pane)), None)  # none at the end

    def look_at_terminal(self) -> None:
        """Choose the level anew, and tell the camera what changed."""
        pane = self.preview_pane
        if pane is None or self.closing:
            return
        preview = next(iter(pane.query(FramePreview)), None)
        if preview is None:
            return  # the app is being taken down
        preview.set_class(self.preview_chooser.level == "off", "-off")
        now = preview.clock()
        self.preview_chooser.look(now, self._backlog.look(self))
        limits = LIMITS[self.preview_chooser.level]
        preview.account.budget = limits.budget
        self._wish(self._wish_for(preview))
        if self._preview_looks % TELL == 0:
            self._tell_preview(pane, preview, now)
        self._preview_looks += 1

    def action_preview_level(self) -> None:
        """The next choice."""
        choice = self.preview_chooser.next_choice()
        self.notify(f"Preview: {NAMES[choice]}", timeout=2)
        self._preview_looks = 0
        self.look_at_terminal()

    def _wish_for(self, preview: FramePreview) -> PreviewWish:
        """What can be shown; nothing where the frame is not on the screen."""
        seen = self.screen is self.screen_desk and preview.is_on_screen and preview.size
        if not seen or self.preview_chooser.level == "off":
            return PreviewWish()
        return PreviewWish(
            columns=preview.size.width,
            rows=preview.size.height,
            colours=colours(self),
            level=self.preview_chooser.level,
            rate=preview.account.affordable(LIMITS[self.preview_chooser.level].rate),
        )

    def _tell_preview(self, pane: Pane, preview: FramePreview, now: float) -> None:
        title = f"{pane.NUMBER} {pane.TITLE}"
        chooser = self.preview_chooser
        if pane.has_class("-roomy"):
            title += f" · {told(chooser.choice, chooser.level, *preview.account.rate(now))}"
        if pane.border_title != title:
            pane.border_title = title

    def _leave_preview(self) -> None:
        pane = self.preview_pane
        self._preview_job = ""
        self._make_room()
        self._wish(PreviewWish())
        if pane is not None:
            pane.border_title = f"{pane.NUMBER} {pane.TITLE}"

    def _make_room(self) -> None:
        """The pane with the frames takes the larger half, where both are on the screen."""
        self.screen_desk.watch_from(SHOWN_BY.get(self._preview_job, ""))

    def _wish(self, wish: PreviewWish) -> None:
        if wish != self._preview_wish:
            self._preview_wish = wish
            self.desk.preview(wish)  # queued by the desk: it waits for nothing

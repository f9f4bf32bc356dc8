"""The app: what arrives from the engine, what can be done now, and the palette.

Recordings in the app: the sign that one is being made, and the job that a replay begins with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import events, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

from engine.contract import (
    Event,
    JobEnded,
    JobStarted,
    ProcessDied,
    TapeEnded,
    TapeStarted,
    TrainDone,
)
from engine.contract.desk import Desk
from engine.contract.requests import EnrolRequest, ModelRow, PersonRow, RecogniseRequest
from engine.text import many
from tui.board import PANE_OF, PEOPLE_ACTIONS
from tui.demo import DemoScript
from tui.desk.around import MannersApp
from tui.desk.jobs import PreviewApp
from tui.keys import KEYS, OPENERS, bindings_of
from tui.keys.keymap import pressed, shown, with_keys
from tui.live import Live
from tui.panes.base import ActivityPane
from tui.screens.doctor import DoctorApp
from tui.screens.inbox_actions import InboxApp
from tui.screens.models import ModelsScreen
from tui.screens.people_actions import PeopleApp
from tui.screens.roster import RosterApp
from tui.screens.stills import StillApp
from tui.screens.why import TwinApp
from tui.widgets.bars import TitleBar
from tui.words.events import describe
from tui.words.recovery import untrained_words
from tui.words.text import clean, day, measured, reason_words


class TapeApp(DoctorApp):
    """Shows REC in the title while frames are recorded."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.first_job: EnrolRequest | RecogniseRequest | None = None
        """A job to begin with, once."""

    def heard(self, event: Event) -> None:
        """A recording has begun or is complete."""
        super().heard(event)
        if isinstance(event, TapeStarted | TapeEnded):
            title = self.screen_desk.query_one(TitleBar)
            title.recording = isinstance(event, TapeStarted)

    def begin_first_job(self) -> None:
        """Start the job that the app was opened for, if any."""
        request, self.first_job = self.first_job, None
        if isinstance(request, EnrolRequest):
            self.go(self.enrol(request))
        elif request is not None:
            self.go(self.recognise(request))


GUARDED = (
    frozenset(("new_person", "import_folder", "split", "train", "recognise", "stop", "cancel"))
    | {"measure", "other_pictures", "write_report", "stop_evaluation", "measure_camera"}
    | PEOPLE_ACTIONS
)
"""Actions that are not always possible."""
HIDDEN_WHEN_IDLE = frozenset({"stop", "cancel", "stop_evaluation"})
KEPT_COMMANDS = frozenset({"Theme", "Screenshot"})
"""Textual's own palette commands that make sense here."""


class FacedeskApp(
    MannersApp, TapeApp, RosterApp, TwinApp, InboxApp, PeopleApp, PreviewApp, StillApp
):
    """Facedesk in the terminal. `script` plays the demo through the same methods as the keys."""

    TITLE = "Facedesk"
    CSS_PATH = [  # noqa: RUF012
        Path("styles/desk.tcss"),
        Path("styles/dialogs.tcss"),
        Path("styles/evaluation.tcss"),
        Path("styles/unknown.tcss"),
        Path("styles/doctor.tcss"),
        Path("styles/stills.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("anywhere")]

    def __init__(
        self,
        desk: Desk,
        script: DemoScript | None = None,
        clock: Callable[[], float] = time.time,
        *,
        welcome: bool = False,
    ) -> None:
        """`welcome` shows the three steps where nobody is enrolled yet."""
        super().__init__(desk, clock)
        self.script = script
        self._welcomes = welcome and script is None
        self._first_look = True

    # --- start ---------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        """The desk is the only full screen."""
        return self.screen_desk

    def on_ready(self) -> None:
        """The first paint is done: now the engine."""
        title = self.screen_desk.query_one(TitleBar)
        title.workspace = _home_short(self.desk.workspace)
        title.demo = self.script is not None
        self.tell(with_keys(ActivityPane.EMPTY))
        self.begin_manners()
        self.begin_engine()

    def engine_started(self) -> None:
        """List what is in the workspace; then the demo, if any."""
        super().engine_started()
        self.reload()
        self.reload_inbox()
        self.begin_first_job()
        if self.script is not None:
            self.run_worker(self.script.run(self), exit_on_error=False)

    # --- what arrives --------------------------------------------------------------------

    def show_event(self, event: Event) -> None:
        """One event: board, pane, log, toast."""
        title = ""
        if isinstance(event, JobStarted):
            self.board.started(event)
        elif isinstance(event, JobEnded):
            title = self.board.ended(event)
        self.screen_desk.deliver(event)
        if line := describe(event, title):
            self.tell(line.text, line.level, line.hint)
        if isinstance(event, TrainDone):
            for warning in event.warnings:
                self.tell(warning, "warning")
            if not event.promoted:
                text = "The model before stays in use. Kept aside: m shows the models."
                self.notify(
                    text,
                    title="The new model is worse",
                    severity="warning",
                    timeout=8,
                    markup=False,
                )
        if isinstance(event, JobStarted | JobEnded):
            self._jobs_changed()
        self.heard(event)
        if isinstance(event, JobEnded):
            if event.outcome == "failed":
                body = "\n".join(clean(part) for part in (event.message, event.hint) if part)
                self.notify(
                    body or " ", title=clean(event.title), severity="error", timeout=8, markup=False
                )
            self.reload()
        if isinstance(event, ProcessDied) and line:
            self.notify(clean(line.text), severity="warning", timeout=8, markup=False)
        if self.script is not None:
            self.script.heard(event)

    def show_live(self, live: Live) -> None:
        """The present state of the running jobs."""
        self.screen_desk.deliver_live(live)
        self.saw(live)
        for refused in live.refused_files:
            value = measured(refused.reason, refused.value, refused.limit)
            why = f"{reason_words(refused.reason)}{f' ({value})' if value else ''}"
            self.tell(f"Refused {refused.file}: {why}", "warning")
        if self.script is not None:
            self.script.saw(live)

    def tell(self, text: str, level: str = "info", hint: str = "") -> None:
        """Add a line to the activity log."""
        self.screen_desk.activity.add(text, level, hint)

    def _jobs_changed(self) -> None:
        titles = self.board.titles
        self.screen_desk.jobs_changed(
            tuple(titles.values()), frozenset(PANE_OF[job] for job in titles)
        )

    @work(exclusive=True, group="reload", exit_on_error=False)
    async def reload(self) -> None:
        """Read people, split and models again."""
        people = await self.ask(self.desk.people)
        if people is not None:
            self.board.people = len(people)
            self.screen_desk.people.show(people)
        self.screen_desk.split.show(await self.ask(self.desk.current_split))
        models = await self.ask(self.desk.models)
        if models is not None:
            self.board.models = len(models)
            self._show_models(models)
        if self._first_look:
            self._first_look = False
            self._tell_untrained(people or ())
            self.restore_view()
            if self._welcomes and people == () and not self.board.titles:
                self.welcome()
        self.screen_desk.refresh_bindings()

    def _tell_untrained(self, people: Sequence[PersonRow]) -> None:
        """Say what an earlier run kept and nobody trained: the line may have been dropped."""
        kept = [(p.name, p.untrained) for p in people if p.untrained and p.consent != "withdrawn"]
        if kept and self.script is None:
            self.tell(untrained_words(kept, with_keys("{key.train}")), "warning")

    def _show_models(self, models: tuple[ModelRow, ...]) -> None:
        current = next((model for model in models if model.current), None)
        self.screen_desk.training.remember(current.history if current else ())
        self.evaluation.model = current.id if current else ""
        self.recall_evaluation()
        self.refresh_evaluation()
        model = f"model of {day(current.created)}" if current else "no model yet"
        people = many(self.board.people, "person", "people")
        self.screen_desk.query_one(TitleBar).state = f"{people} · {model}"
        if isinstance(self.screen, ModelsScreen):
            self.screen.show(models)

    # --- what can be done now ------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what cannot be done now; hide stop and cancel while nothing runs."""
        helps = action == "help" and bool(getattr(self.screen, "HELP", ""))
        copies = action == "copy" and hasattr(self.screen, "sheet")
        covered = isinstance(self.screen, ModalScreen) and not helps and not copies
        if action in OPENERS and covered:
            return None  # their keys are looked at first, and are the dialog's here
        if action in ("why", "inbox") and self.screen is not self.screen_desk:
            return None  # other screens have other uses for these keys
        if action in OPENERS - {"help"} and self.screen_desk.people.searching:
            return None  # they are letters of the name that is searched for
        if action in GUARDED and self.board.why_not(action):
            return False if action in HIDDEN_WHEN_IDLE else None
        return True

    def on_key(self, event: events.Key) -> None:
        """A greyed key explains itself."""
        if self.screen is self.screen_desk:
            contexts = {"anywhere", self.screen_desk.front}
        else:
            contexts = {getattr(self.screen, "HELP", "")}
        for key in KEYS:
            action = key.action.removeprefix("app.")
            if pressed(key) == event.key and key.context in contexts and action in GUARDED:
                why = self.board.why_not(action)
                if why and action != "cancel":  # Esc with nothing to cancel needs no words
                    self.explain(why)
                return

    async def do(self, action: str) -> None:
        """Run an action by its name; one that cannot be done now explains itself."""
        why = self.board.why_not(action)
        if why:
            self.explain(why)
        else:
            await self.run_action(action)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every action of the key table, and Textual's theme and screenshot."""
        for key in KEYS:
            if key.palette:
                yield SystemCommand(
                    f"{key.label} ({shown(key)})", key.tooltip, partial(self.do, key.action)
                )
        for command in super().get_system_commands(screen):
            if command.title in KEPT_COMMANDS:
                yield command


def _home_short(path: Path) -> str:
    """A path with the home folder as `~`."""
    try:
        return f"~/{path.resolve().relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)

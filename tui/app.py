"""The app: its uses put together, what arrives from the engine, and the keys of the whole app."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from engine.config import keys_file
from engine.contract import JobEnded, ProcessDied, RecordingEnded, RecordingStarted, TrainDone
from engine.contract.desk import Desk
from engine.contract.requests import EnrolRequest, ModelRow, PersonRow, RecogniseRequest
from engine.text import many
from engine.workspace.files import write_plain
from tui.demo import DemoScript
from tui.desk.jobs import Imports, Jobs
from tui.desk.preview import LOOK, PreviewControl
from tui.desk.quick import QuickEnrolment
from tui.keys import KEYS, written
from tui.keys.keymap import pressed, read_keymap, shown, use, with_keys
from tui.link import LOOK_AROUND, EngineApp, Lists, in_thread
from tui.live import Live
from tui.panes.base import ActivityPane, FieldsPane
from tui.panes.training import verdict
from tui.screens.desk import LAYOUTS, PANES, DeskScreen
from tui.screens.dialog import Confirm
from tui.screens.doctor import Doctor
from tui.screens.evaluation import Evaluation
from tui.screens.forms import CopiedForm
from tui.screens.help import HelpScreen, Jump, JumpScreen, dead_key
from tui.screens.models import ModelsScreen
from tui.screens.people import People
from tui.screens.person import PersonScreen
from tui.screens.questions import CaptureQuestions
from tui.screens.roster import Roster
from tui.screens.stills import Stills, show_pictures
from tui.screens.unknown import Unknown
from tui.screens.why import Explanations
from tui.widgets.lists import Where, filtered, move
from tui.words.events import PRESS_TRAIN, Line, describe, untrained_words
from tui.words.tables import Sheet
from tui.words.text import clean, day, measured, reason_words

KEPT_COMMANDS = frozenset({"Theme", "Screenshot"})
"""Textual's own palette commands that make sense here."""
ANOTHER = (
    "Another desk has this workspace open ({}). Here you can look, evaluate and recognise at any "
    "time. You can change something while the other desk does not."
)
EXPORTS = "exports"
"""The folder in the workspace that is offered for copies."""


class Openers:
    """Keys of the desk that open a screen which reads by itself: keys that follow are for it."""

    def __init__(self, app: FacedeskApp) -> None:
        self.app, self.screen = app, app.screen_desk

    def action_person(self) -> None:
        """The selected person."""
        person = self.screen.people.selected
        if person is not None and self.app.open_screen(PersonScreen) is None:
            self.app.push_screen(PersonScreen(person.name, self.app.people))

    def action_models(self) -> None:
        """The stored models."""
        self.app.push_screen(ModelsScreen(self.app))


class FacedeskApp(EngineApp):
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
    BINDINGS: ClassVar[list[BindingType]] = [
        key.binding()
        for key in KEYS
        if key.context in ("anywhere", "list") and key.action.startswith("app.")
    ]

    def __init__(
        self,
        desk: Desk,
        script: DemoScript | None = None,
        clock: Callable[[], float] = time.time,
        *,
        welcome: bool = False,
    ) -> None:
        """`welcome` asks for the first person where nobody is enrolled yet."""
        super().__init__(desk, clock)
        self.script = script
        self.first_job: EnrolRequest | RecogniseRequest | None = None
        """A job to begin with, once."""
        self._welcomes = welcome and script is None
        self._first_look = True
        self._troubles = [*self._read_keys(), *self._choose_theme()]
        self.screen_desk = DeskScreen(self, clock)
        self.jobs = Jobs(self, self.screen_desk)
        self.listen(
            {
                Line: self._add_line,
                Lists: self._show_lists,
                TrainDone: self._trained,
                RecordingStarted: lambda _event: self._show_recording(True),
                RecordingEnded: lambda _event: self._show_recording(False),
                ProcessDied: self._process_died,
            }
        )
        self.view(self._log_refused)
        self.preview = PreviewControl(self, self.screen_desk)
        self.quick = QuickEnrolment(self, self.jobs)
        self.people = People(self, self.screen_desk.people)
        self.evaluation = Evaluation(self, self._show_pictures)
        self.doctor = Doctor(self)
        self.questions = CaptureQuestions(self)
        self.roster = Roster(self, self.quick.enrol, self._show_pictures)
        self.imports = Imports(self, self.jobs.split_and_train)
        self.stills = Stills(self, self.screen_desk, self.people)
        self.unknown = Unknown(self, self.screen_desk.title_bar)
        uses: tuple[object, ...] = (
            *(self.jobs, self.preview, self.quick, self.people, self.evaluation, self.doctor),
            *(self.roster, self.stills, self.unknown, Explanations(self, self.screen_desk)),
            *(Jump(self, self.screen_desk), Openers(self)),
        )
        for part in uses:
            self.screen_desk.add(part)
        self.listen({JobEnded: self._job_ended})
        if script is not None:
            self.listen({JobEnded: script.job_ended})
            self.view(script.saw)

    def _read_keys(self) -> Sequence[str]:
        """Put the operator's own keys in force; what is wrong with their file."""
        keymap = read_keymap(keys_file(), KEYS)
        use(keymap)
        self.set_keymap(dict(keymap.changed))
        return keymap.troubles

    def _choose_theme(self) -> Sequence[str]:
        """The theme of the settings, else that of the last time; what is wrong with it."""
        settings = self.desk.settings.app
        self.animation_level = "full" if settings.animation else "none"
        chosen = settings.theme or self.memory.get("theme", self.theme)
        if chosen in self.available_themes:
            self.theme = chosen
        elif settings.theme:
            known = ", ".join(sorted(self.available_themes))
            return (f"There is no theme {clean(chosen)!r}. There are: {known}.",)
        return ()

    # --- start ---------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        """The desk is the only full screen."""
        return self.screen_desk

    def on_ready(self) -> None:
        """The first paint is done: now the engine."""
        title = self.screen_desk.title_bar
        title.workspace = _home_short(self.desk.workspace)
        title.demo = self.script is not None
        self.tell(with_keys(ActivityPane.EMPTY))
        for trouble in self._troubles:
            self.tell(trouble, "warning")
        self.theme_changed_signal.subscribe(self, self._theme_chosen)
        self.set_interval(LOOK, self.preview.look)
        self.begin_engine(self._begin)

    def _theme_chosen(self, theme: Theme) -> None:
        self.remember("theme", theme.name)

    def _begin(self) -> None:
        """List what is in the workspace; then the job or demo that the app was opened for."""
        self.go(self._look_for_another())
        self.go(self.people.purge())
        self.reload()
        self.unknown.reload()
        self.set_interval(LOOK_AROUND, lambda: self.look_around(self.people.refresh))
        request, self.first_job = self.first_job, None
        if isinstance(request, EnrolRequest):
            self.go(self.jobs.enrol(request))
        elif request is not None:
            self.go(self.jobs.recognise(request))
        if self.script is not None:
            self.run_worker(self.script.run(self, self.jobs), exit_on_error=False)

    async def _look_for_another(self) -> None:
        if other := await in_thread(self.desk.other_desk):
            self.explain(ANOTHER.format(other))

    def _restore_view(self) -> None:
        """The view as it was at the last end, once the lists are there and take their focus."""
        layout = self.memory.get("layout", "")
        self.screen_desk.layout_name = next((name for name in LAYOUTS if name == layout), "focus")
        front, untouched = self.memory.get("front", ""), PANES[0].NAME
        if self.screen_desk.front == untouched and front in {pane.NAME for pane in PANES}:
            self.screen_desk.show_pane(front)
            self.screen_desk.zoomed = self.memory.get("zoom", False)

    def _welcome(self) -> None:
        """The first person's form, once a workspace, and only while nothing else is asked."""
        if "welcomed" in self.memory or self.screen is not self.screen_desk:
            return
        self.remember("welcomed", True)
        self.quick.welcome()

    @on(DeskScreen.FrontChanged)
    def _front_changed(self, message: DeskScreen.FrontChanged) -> None:
        self.remember("front", message.pane)

    # --- what arrives --------------------------------------------------------------------

    def _add_line(self, line: Line) -> None:
        self.screen_desk.activity.add(line.text, line.level, line.hint, line.details)

    def _trained(self, event: TrainDone) -> None:
        self.warn(event.warnings)
        if not event.promoted:
            self.notify(
                verdict(event),
                title="The model before stays in use",
                severity="warning",
                timeout=8,
                markup=False,
            )

    def _job_ended(self, event: JobEnded) -> None:
        if event.outcome == "failed":
            body = "\n".join(clean(part) for part in (event.message, event.hint) if part)
            self.notify(
                body or " ", title=clean(event.title), severity="error", timeout=8, markup=False
            )
        self.reload()

    def _process_died(self, event: ProcessDied) -> None:
        if line := describe(event):
            self.notify(clean(line.text), severity="warning", timeout=8, markup=False)

    def _show_recording(self, recording: bool) -> None:
        self.screen_desk.title_bar.recording = recording

    def _log_refused(self, live: Live) -> None:
        for refused in live.refused_files:
            value = measured(refused.reason, refused.value, refused.limit)
            why = f"{reason_words(refused.reason, imported=True)}{f' ({value})' if value else ''}"
            self.tell(f"Refused {refused.file}: {why}", "warning")

    # --- what the workspace holds --------------------------------------------------------

    def _show_lists(self, lists: Lists) -> None:
        if lists.people is not None:
            self.screen_desk.people.show(lists.people)
        self.screen_desk.split.show(lists.split)
        if lists.models is not None:
            self._show_models(lists.models)
        if self._first_look:
            self._first_look = False
            self._tell_untrained(lists.people or ())
            self._restore_view()
            if self._welcomes and lists.people == () and not self.board.titles:
                self._welcome()
        self.screen_desk.refresh_bindings()

    def _tell_untrained(self, people: Sequence[PersonRow]) -> None:
        """Say what an earlier run kept and nobody trained: the line may have been dropped."""
        kept = [(p.name, p.untrained) for p in people if p.untrained and p.consent != "withdrawn"]
        if kept and self.script is None:
            self.tell(untrained_words(kept, with_keys(PRESS_TRAIN)), "warning")

    def _show_models(self, models: tuple[ModelRow, ...]) -> None:
        current = next((model for model in models if model.current), None)
        self.screen_desk.training.show_model(current, len(models))
        self.screen_desk.recognition.know_model(there=current is not None)
        self.evaluation.model_in_use(current.id if current else "")
        model = f"model of {day(current.created)}" if current else "no model yet"
        people = many(self.board.people, "person", "people")
        self.screen_desk.title_bar.state = f"{people} · {model}"
        if isinstance(self.screen, ModelsScreen):
            self.screen.show(models)

    def _show_pictures(self, person: str) -> None:
        self.go(show_pictures(self.people, person))

    # --- keys ----------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey the keys that a dialog, or the search for a name, has another use for."""
        if isinstance(self.screen, JumpScreen):
            return action not in ("move", "filter", "command_palette")
        if self.screen is self.screen_desk:
            searching = action == "copy" and self.screen_desk.people.searching
            return None if searching else True
        needed = {"help": "HELP", "copy": "sheet"}.get(action)
        return True if needed is None or bool(getattr(self.screen, needed, None)) else None

    def get_key_display(self, binding: Binding) -> str:
        """The key as help and README write it, not with Textual's caret."""
        return binding.key_display or written(binding.key)

    def on_key(self, event: events.Key) -> None:
        """A key that does nothing says why, in one line."""
        if not self.screen_stack:
            return  # the app is going
        contexts = {getattr(self.screen, "HELP", "")}
        if self.screen is self.screen_desk:
            contexts = {"anywhere", self.screen_desk.front}
        for key in KEYS:
            if pressed(key) == event.key and key.context in contexts:
                why = self.board.why_not(key.name)
                if why and key.name != "cancel":  # Esc with nothing to cancel needs no words
                    self.explain(why)
                    return
        if event.is_printable and event.key not in self.screen.active_bindings:
            self._say(dead_key(event.key))

    def _say(self, text: str) -> None:
        """Show one line for a moment, once."""
        if all(each.message != text for each in self._notifications):
            self.notify(text, timeout=3, markup=False)

    async def do(self, action: str) -> None:
        """Run an action of the desk by its name; one that cannot be done now explains itself."""
        name = action.rpartition(".")[2]
        if self.can(name):
            desk = self.screen_desk
            homes = (self if action.startswith("app.") else desk, desk.people)
            has_it = f"action_{name.partition('(')[0]}"
            home = next(node for node in homes if hasattr(node, has_it))
            await self.run_action(name, home)

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

    @on(FieldsPane.Asked)
    async def _asked(self, event: FieldsPane.Asked) -> None:
        await self.do(event.action)

    # --- actions of the whole app --------------------------------------------------------

    def action_help(self) -> None:
        """Every key; first those of the topmost screen with a topic, else of the pane in front."""
        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
            return
        topics = (getattr(screen, "HELP", "") for screen in reversed(self.screen_stack))
        self.push_screen(HelpScreen(next(filter(None, topics), self.screen_desk.front)))

    def action_move(self, where: Where) -> None:
        """Move in the list with the focus."""
        if not move(self.focused or self.screen, where):
            raise SkipAction

    async def action_filter(self) -> None:
        """Filter the list with the focus."""
        found = filtered(self.focused or self.screen)
        if found is None:
            raise SkipAction
        await found.start_filter()

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

    def action_copy(self) -> None:
        """What is in front, to the clipboard and, if wanted, to a file."""
        sheet = self._sheet_in_front()
        if sheet is None:
            self.explain("There is nothing to copy here yet.")
            return
        text = sheet.text()
        self.copy_to_clipboard(text)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        file = self.desk.workspace / EXPORTS / f"{sheet.what}-{stamp}.{sheet.suffix}"

        async def write(path: Path) -> None:
            await in_thread(partial(write_plain, path, sheet.file().encode()))
            self.tell(f"Written: {path}", "good")

        lines = len(text.splitlines())
        self.push_screen(CopiedForm(write, lines=lines, file=file))

    def _sheet_in_front(self) -> Sheet | None:
        """What `copy` means: the sheet of the screen, if it has one."""
        own = getattr(self.screen, "sheet", None)
        made = own() if callable(own) else None
        return made if isinstance(made, Sheet) else None


def _home_short(path: Path) -> str:
    """A path with the home folder as `~`."""
    try:
        return f"~/{path.resolve().relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)

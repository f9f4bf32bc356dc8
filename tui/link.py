"""The app's line to the engine: start, events, calls, errors, and an end that always comes.

Engine calls run on daemon threads: a hung disk must not hold up quitting. Textual's thread workers
run in the loop's executor, whose threads are joined at exit; a call that never returns would then
hang the quit. A daemon thread is simply abandoned.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, TypeVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from engine.contract import (
    Captured,
    EnrolDone,
    EvaluateDone,
    Event,
    ImportDone,
    JobEnded,
    JobStarted,
    Notice,
    RecogniseDone,
    SplitDone,
    TrainDone,
    Warned,
    grouped,
    one_by_one,
)
from engine.contract.desk import Desk
from engine.contract.errors import FacedeskError
from engine.contract.requests import ModelRow, PersonRow
from engine.desk.library import last_change
from engine.logs import LogHandler, open_log
from engine.shortage import shortage
from tui.board import JobBoard, Memory, Scalar
from tui.keys.keymap import with_keys
from tui.live import Bridge, Live
from tui.screens.dialog import Closing
from tui.terminal.line import driver_of
from tui.terminal.suspension import CLOSE_WITHIN, End, KeysInOrder, heed_signals, paint_all
from tui.words.events import Line, describe, in_app
from tui.words.text import clean


async def in_thread(function: Callable[[], Result]) -> Result:
    """Run `function` on a daemon thread; its result or exception comes back here."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def work() -> None:
        try:
            result = function()
        except BaseException as error:
            answer, argument = fail, error
            _post(loop, lambda: answer(argument))
        else:
            _post(loop, lambda: settle(result))

    threading.Thread(target=work, name="facedesk-call", daemon=True).start()
    return await future


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Hand `callback` to the loop; a loop that is closed already needs no answer."""
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return


class EngineNews(Message):
    """The bridge holds events. One waits at a time; newer ones take its place."""

    def can_replace(self, message: Message) -> bool:
        """All news is the same news: come and take it."""
        return isinstance(message, EngineNews)


WHO = "{key[anywhere.show_pane-activity]}, then {key[activity.log]} lists them."
LOOKS = 8
"""Times a second the present state is shown."""
LOOK_AROUND = 2.0
"""Seconds between looks whether another desk or command has changed the workspace."""
RESTING = 0.1
"""Seconds without another size after which a resized screen is painted whole."""

ENDS = (EnrolDone, ImportDone, TrainDone, EvaluateDone, RecogniseDone, JobEnded)

log = logging.getLogger("facedesk.tui")
log.addHandler(logging.NullHandler())
Result = TypeVar("Result")
Shown = TypeVar("Shown", bound=Screen[Any])
Listener = Callable[[Any], object]
"""Takes an event of the class that it is registered for."""

HIDDEN_WHEN_IDLE = frozenset({"stop", "cancel", "stop_evaluation"})
"""Actions that the footer does not even grey while nothing runs."""


@dataclass(slots=True)
class LastUsed:
    """What the last capture or recognition used: the next form offers it again."""

    source: str
    count: int
    beside: tuple[str, ...] = ()
    """Sources that were watched beside `source`."""
    window: bool = False
    """Whether OpenCV's own window was wanted."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What the workspace holds; None where it could not be read, which is shown. There may be no
    split."""

    people: tuple[PersonRow, ...] | None
    split: SplitDone | None
    models: tuple[ModelRow, ...] | None


class EngineApp(KeysInOrder):
    """Holds the desk, hands each event to those who listen to its class, and calls the engine."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Not in the key table: it is the terminal's key everywhere, and can be no other's.
        Binding("ctrl+z", "suspend_process", show=False, system=True)
    ]

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__()
        self.desk = desk
        self.board = JobBoard()
        self.memory = Memory(desk.workspace)
        self.last_used = LastUsed(
            self.memory.get("source", "0"), self.memory.get("count", desk.settings.enrolment.count)
        )
        self.bridge = Bridge(lambda: self.post_message(EngineNews()), clock)
        self.closing = False
        self._listeners: defaultdict[type[Any], list[Listener]] = defaultdict(list)
        self._viewers: list[Callable[[Live], object]] = []
        self._end = End(desk.close)
        self._resting: Timer | None = None
        self._looking = False
        self._read_at: tuple[int, int] | None = None
        """The last change of the workspace when its lists were read."""
        board = self.board
        self.listen({JobStarted: board.started, JobEnded: board.ended, Captured: board.captured})

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, made fit for any keyboard."""
        return driver_of(super().get_driver_class())

    # --- events --------------------------------------------------------------------------

    def listen(self, listeners: Mapping[type[Any], Listener]) -> None:
        """Call these with each event, Line or Lists of their class, after those who listen."""
        for kind, listener in listeners.items():
            self._listeners[kind].append(listener)

    def view(self, viewer: Callable[[Live], object]) -> None:
        """Call this with the present state of the running jobs whenever it changed."""
        self._viewers.append(viewer)

    def show_event(self, event: Event) -> None:
        """Log an event and hand it to those who listen to its class."""
        if isinstance(event, JobEnded | Notice):
            event = replace(event, hint=in_app(event.hint))
        if line := describe(event, self.board.title_of(event)):
            self.tell(line.text, line.level, line.hint)
        self._hand_out(event)

    def tell(self, text: str, level: str = "info", hint: str = "") -> None:
        """Add a line to the activity log."""
        self._hand_out(Line(text, level, hint))

    def warn(self, warnings: Sequence[Warned]) -> None:
        """Add warnings to the activity log: a line a kind, with the lines that it sums up."""
        for text, details in zip(grouped(warnings), one_by_one(warnings), strict=True):
            hint = with_keys(WHO) if len(details) > 1 else ""
            self._hand_out(Line(text, "warning", hint, details))

    def _hand_out(self, news: object) -> None:
        for listener in self._listeners[type(news)]:
            listener(news)

    def show_live(self, live: Live) -> None:
        """Hand the present state to all who show it."""
        for viewer in self._viewers:
            viewer(live)

    # --- start ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Heed requests to end from the first moment on."""
        heed_signals(self, self._end, self.close_down)

    def on_resize(self) -> None:
        """Send every cell again once the size rests: of a size that came and went in between the
        app hears nothing, but the terminal has cut what it showed."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTING, lambda: paint_all(self))

    def begin_engine(self, then: Callable[[], object]) -> None:
        """Start the desk and call `then`; to be called after the first paint."""
        self._keep_log()
        self.set_interval(1 / LOOKS, self.take_news)
        self._start_desk(then)

    @work(exit_on_error=False)
    async def _start_desk(self, then: Callable[[], object]) -> None:
        await self.ask(lambda: self.desk.start(self.bridge.listener))
        then()

    def on_engine_news(self, message: EngineNews) -> None:
        """The bridge holds something."""
        message.stop()
        self.take_news()

    def take_news(self) -> None:
        """Show everything that waits. A job's last state is shown before its result is."""
        if not self.is_running:
            return  # the panes are going, and what still arrives has nowhere to be shown
        events, live = self.bridge.take()
        for event in events:
            if live is not None and isinstance(event, ENDS):
                self.show_live(live)
                live = None
            self.show_event(event)
        if live is not None:
            self.show_live(live)

    @work(exclusive=True, group="reload", exit_on_error=False)
    async def reload(self) -> None:
        """Read people, split and models again, for those who listen to Lists."""
        self._read_at = await in_thread(partial(last_change, self.desk.workspace))
        people = await self.ask(self.desk.people)
        split = await self.ask(self.desk.current_split)
        models = await self.ask(self.desk.models)
        if people is not None:
            self.board.people = len(people)
        if models is not None:
            self.board.models = len(models)
        self._hand_out(Lists(people, split, models))

    @work(exit_on_error=False)
    async def look_around(self, changed: Callable[[], object]) -> None:
        """Call `changed` if another process has changed what was read. After a job of this desk
        that changes something the lists are read anyway."""
        if self._looking or set(self.board.titles) - {"recognise"}:
            return  # a disk that hangs must not collect threads
        self._looking = True
        try:
            found = await in_thread(partial(last_change, self.desk.workspace))
        finally:
            self._looking = False
        if found != self._read_at:
            changed()

    # --- calls and errors ----------------------------------------------------------------

    async def ask(self, call: Callable[[], Result]) -> Result | None:
        """Call the engine on a thread; an error is shown, and None returned."""
        try:
            return await in_thread(call)
        except Exception as error:
            self._show_exception(error, "Details are in the workspace's logs folder.")
        return None

    def go(self, work: Coroutine[Any, Any, None], then: Callable[[], object] | None = None) -> None:
        """Run a job or call in the background; an error is shown, else `then` is called."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                self._show_exception(error)
            else:
                if then is not None:
                    then()

        self.run_worker(guarded(), exit_on_error=False)

    def call(self, function: Callable[..., Any], *args: object) -> None:
        """Call the engine in the background for its effect; an error is shown."""
        self.go(in_thread(partial(function, *args)))

    async def picture(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace; empty if it is gone."""
        try:
            return await in_thread(partial(self.desk.picture, path))
        except FacedeskError:
            return b""

    def _show_exception(self, error: Exception, hint: str = "") -> None:
        known = error if isinstance(error, FacedeskError) else None
        if known is None:
            log.error("a call of the engine failed", exc_info=error)
            known = shortage(error)
        if known is not None:
            self.show_error(known.title, known.message, known.hint)
        else:
            self.show_error("Unexpected trouble", f"{type(error).__name__}: {error}", hint)

    # --- what can be done now ------------------------------------------------------------

    def can(self, action: str) -> bool:
        """Whether an action is possible now; if not, the reason is shown."""
        why = self.board.why_not(action)
        if why:
            self.explain(why)
        return why is None

    def allows(self, action: str) -> bool | None:
        """Textual's answer of `check_action`: None greys an action, False hides it."""
        if self.board.why_not(action) is None:
            return True
        return False if action in HIDDEN_WHEN_IDLE else None

    def open_screen(self, kind: type[Shown]) -> Shown | None:
        """The screen of this class if it is open, perhaps under a form."""
        return next((s for s in self.screen_stack if isinstance(s, kind)), None)

    def remember(self, name: str, value: Scalar) -> None:
        """Keep a value in the workspace's ui.json."""
        if self.memory.put(name, value):
            self._save_memory()

    @work(exclusive=True, group="memory", exit_on_error=False)
    async def _save_memory(self) -> None:
        await in_thread(self.memory.save)

    def show_error(self, title: str, message: str = "", hint: str = "") -> None:
        """Show an error as a toast and a line in the log."""
        hint = in_app(hint)
        self.tell(f"{title}: {message}" if message else title, "error", hint)
        body = "\n".join(clean(part) for part in (message, hint) if part) or " "
        self.notify(body, title=clean(title), severity="error", timeout=8, markup=False)

    def explain(self, why: str) -> None:
        """Show why a key does nothing just now."""
        self.tell(why, "warning")
        self.notify(clean(why), severity="warning", timeout=5, markup=False)

    def _fatal_error(self) -> None:
        """A fault of the app itself: the log gets the traceback, the terminal one sentence."""
        error = self._exception
        log.error("the app failed", exc_info=error)
        if self.closing:  # a screen that was still opening found its widgets gone
            self._close_messages_no_wait()
            return
        name = type(error).__name__ if error else "unknown fault"
        self._exit_renderables.append(
            Text(f"Facedesk ended on an internal fault ({name}: {error}). Nothing kept is lost.")
        )
        self._close_messages_no_wait()

    def _keep_log(self) -> None:
        """Tracebacks go to the workspace's `logs/app.log`: the terminal is drawn on."""
        folder = self.desk.workspace / "logs"
        if folder.is_dir():  # an unusable workspace is reported by the first call
            stream = os.fdopen(open_log(folder, "app"), "a")
            log.addHandler(LogHandler(stream, "%(asctime)s %(levelname)s %(message)s"))

    # --- the end -------------------------------------------------------------------------

    def close_down(self) -> None:
        """End the engine behind a note, then exit, at the latest after CLOSE_WITHIN seconds."""
        if self.closing:
            self.exit()  # asked twice: at once
            return
        self.closing = True
        self.bridge.close()
        self._end.process_later(self._driver)
        self.push_screen(Closing())
        self._close_desk()

    @work(exit_on_error=False)
    async def _close_desk(self) -> None:
        try:
            await asyncio.wait_for(in_thread(self._end.desk), CLOSE_WITHIN)
        except Exception:
            log.exception("closing the engine failed")
        self.exit(return_code=self.return_code or 0)

    def finish(self) -> None:
        """Close the desk however the interface ended: a terminal that is gone asks for nothing."""
        self._end.within(CLOSE_WITHIN)

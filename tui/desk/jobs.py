"""The jobs: how keys, forms and demo start and end them, and what follows an import."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from engine.contract import EpochDone, ImportDone, JobEnded, JobStarted
from engine.contract.requests import (
    EnrolRequest,
    ImportRequest,
    Job,
    RecogniseRequest,
    SplitRequest,
    TrainRequest,
)
from engine.text import many, mask_credentials
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.live import Live
from tui.screens.desk import DeskScreen
from tui.screens.dialog import confirm
from tui.screens.forms import ImportForm, RecogniseForm
from tui.screens.sources import SEPARATOR, remember_source

KEEP: frozenset[Job] = frozenset(("enrol", "import", "recognise"))
"""Jobs that end in good order whichever key ends them: they hold pictures that somebody made."""

LOST: dict[Job, tuple[str, ...]] = {
    "train": (
        "Give the training up?",
        "No model comes of it, and the one in use stays.",
        "{key.stop} on the desk keeps what it has learnt so far.",
    ),
    "evaluate": ("Give the evaluation up?", "Its figures are lost, and the last ones stay."),
}
"""What Esc asks before it ends a job whose work is lost by that."""


class Jobs:
    """Starts jobs for forms, keys and demo; the coroutines raise FacedeskError."""

    def __init__(self, app: EngineApp, screen: DeskScreen) -> None:
        self.app, self.desk, self.screen = app, app.desk, screen
        self.watched: RecogniseRequest | None = None
        """The last recognition."""
        self._split_is_read = True
        """Whether the split that is trained on has been read: a training may make one."""
        app.listen({JobStarted: self._started, EpochDone: self._read_split})
        app.view(lambda live: self._read_split() if live.features else None)

    def _started(self, event: JobStarted) -> None:
        if event.job == "train":
            self._split_is_read = False

    def _read_split(self, _epoch: EpochDone | None = None) -> None:
        """Show the split that the running training is on."""
        if "train" in self.app.board.titles and not self._split_is_read:
            self._split_is_read = True
            self.app.reload()

    async def enrol(self, request: EnrolRequest) -> None:
        """Start capturing; the form offers the same again, at the next start too."""
        await in_thread(partial(self.desk.enrol, request))
        used = self.app.last_used
        used.beside, used.window, used.count = (), request.window, request.count
        self._source_used(request.source)
        self.app.remember("count", request.count)

    async def recognise(self, request: RecogniseRequest) -> None:
        """Start watching."""
        await in_thread(partial(self.desk.recognise, request))
        self.watched = request
        self.app.last_used.beside, self.app.last_used.window = request.beside, request.window
        self._source_used(request.source)

    def _source_used(self, source: str) -> None:
        self.app.last_used.source = source
        remember_source(self.app, source)
        if mask_credentials(source) == source:  # a password does not belong into a view's memory
            self.app.remember("source", source)

    async def import_pictures(self, request: ImportRequest) -> None:
        """Start importing."""
        await in_thread(partial(self.desk.import_pictures, request))

    async def train(self, request: TrainRequest) -> None:
        """Start training."""
        await in_thread(partial(self.desk.train, request))

    async def split(self, request: SplitRequest) -> None:
        """Make a split and show it."""
        result = await in_thread(partial(self.desk.split, request))
        self.screen.split.show(result)
        counts = f"{result.train} to train, {result.validation} to validate, {result.test} to test"
        self.app.tell(f"Split: {counts}", "good")
        self.app.warn(result.warnings)

    async def split_and_train(self) -> None:
        """Divide by the shares in the pane, then train with the recipe there."""
        request = self.screen.split.request()
        if request is not None:
            await self.split(request)
            self.action_train()

    async def stop(self, job: Job) -> None:
        """Ask a job for an orderly end."""
        await in_thread(partial(self.desk.stop, job))

    # --- actions -------------------------------------------------------------------------

    def action_import_folder(self) -> None:
        """The form for an import."""
        if self.app.can("import_folder"):
            self.app.push_screen(ImportForm(self.import_pictures, self.desk.settings.consent))

    def action_recognise(self) -> None:
        """The form for recognition."""
        if self.app.can("recognise"):
            used = self.app.last_used
            source = SEPARATOR.join((used.source, *used.beside))
            self.app.push_screen(RecogniseForm(self.recognise, source=source, window=used.window))

    def action_split(self) -> None:
        """Split with the shares in the pane."""
        if not self.app.can("split"):
            return
        request = self.screen.split.request()
        self.screen.show_pane("split")
        if request is not None:
            self.app.go(self.split(request))

    def action_train(self) -> None:
        """Train with the recipe and epochs in the pane."""
        if not self.app.can("train"):
            return
        request = self.screen.training.request()
        self.screen.show_pane("training")
        if request is not None:
            self.app.call(self.desk.train, request)

    def action_stop(self) -> None:
        """End the running job in good order."""
        job = self.target
        if self.app.can("stop") and job:
            self.app.tell(f"Stopping: {self.app.board.titles[job]}")
            self.app.call(self.desk.stop, job)

    @property
    def target(self) -> Job | None:
        """The job that stop and cancel mean."""
        return self.app.board.target(self.screen.front)

    def cancel(self) -> None:
        """End the running job: what somebody made stays; what only takes time is asked about."""
        job = self.target
        if not self.app.can("cancel") or not job:
            return
        if job in KEEP:
            self.action_stop()
        elif job in LOST:
            title, *lines = map(with_keys, LOST[job])
            give_up = partial(self._give_up, job)
            confirm(self.app, title, lines, "Give up (y)", "Go on (n)", give_up)
        else:
            self._give_up(job)

    def _give_up(self, job: Job) -> None:
        if job in self.app.board.titles:  # it may have ended while somebody thought about it
            self.app.tell(f"Cancelling: {self.app.board.titles[job]}")
            self.app.call(self.desk.cancel, job)


class Imports:
    """An import: its people appear in the list as they come, and its end offers to train them."""

    def __init__(self, app: EngineApp, train: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """`train` splits and trains; raises FacedeskError."""
        self.app, self._train = app, train
        self._folder = ""
        self._done: ImportDone | None = None
        app.view(self._saw)
        app.listen({JobStarted: self._started, ImportDone: self._counted, JobEnded: self._ended})

    def _started(self, event: JobStarted) -> None:
        if event.job == "import":
            self._folder, self._done = "", None

    def _saw(self, live: Live) -> None:
        """Read people again with each new folder: those before it are there now."""
        if live.importing is None or "import" not in self.app.board.titles:
            return
        folder = str(Path(live.importing.file).parent)
        if folder != self._folder:
            self._folder = folder
            self.app.reload()

    def _counted(self, event: ImportDone) -> None:
        self._done = event

    def _ended(self, event: JobEnded) -> None:
        """Offer what follows, unless something else is under way or nothing came."""
        done = self._done
        busy = len(self.app.screen_stack) > 1 or self.app.board.titles
        if event.job != "import" or done is None or not done.images or busy:
            return
        came = f"{many(done.images, 'picture')} of {many(done.people, 'person', 'people')} came."
        lines = [came, "A training lets Facedesk recognise them."]

        def train() -> None:
            self.app.go(self._train())

        confirm(self.app, "Train now?", lines, "Train (y)", "Not now (n)", train)

"""An import: its people appear in the list as they come, and its end offers to train them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from engine.contract import ImportDone, JobEnded, JobStarted
from engine.text import many
from tui.link import EngineApp
from tui.live import Live
from tui.screens.dialog import Confirm


class Imports:
    """Follows the running import."""

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

        def answered(yes: bool | None) -> None:
            if yes:
                self.app.go(self._train())

        came = f"{many(done.images, 'picture')} of {many(done.people, 'person', 'people')} came."
        lines = [came, "A training lets Facedesk recognise them."]
        ask = Confirm("Train now?", lines, yes="Train (y)", no="Not now (n)")
        self.app.push_screen(ask, answered)

"""The live preview: which pane shows it, how large, how often, and at which level."""

from __future__ import annotations

import os

from engine.contract import JobEnded, JobStarted
from engine.contract.requests import PreviewWish
from tui.link import EngineApp
from tui.panes.base import FramePane
from tui.screens.desk import DeskScreen
from tui.terminal.graphics import cell, protocol
from tui.terminal.line import CHOICES, Backlog, Chooser, Limits, colours, limits, rate_words
from tui.widgets.preview import FramePreview

LOOK = 0.25
"""Seconds between two looks at the terminal."""
RATE_EVERY = 8
"""Looks between two updates of the rate in the title: a title costs bytes too."""
CELLS_A_SECOND = 30_000
"""Half blocks that are drawn a second at most: 100,000 take a second of processor time."""
SHOWN_BY = {"enrol": "capture", "recognise": "recognition"}
"""The pane that shows a job's frames."""


class PreviewControl:
    """Tells the camera what can be shown, and the operator what that costs."""

    def __init__(self, app: EngineApp, screen: DeskScreen) -> None:
        self.app, self.screen = app, screen
        setting = app.desk.settings.app.preview
        kept = app.memory.get("preview", str(setting))
        self.chooser = Chooser(next((c for c in CHOICES if c == kept), setting))
        self._wished = PreviewWish()
        self._job = ""
        self._looks = 0
        self._told = False
        self._backlog = Backlog()
        app.listen({JobStarted: self._started, JobEnded: self._ended})

    def _started(self, event: JobStarted) -> None:
        if event.job in SHOWN_BY:
            self._job = event.job
            self.screen.watch_from(SHOWN_BY.get(self._job, ""))
            self._tell_colours()
            self.app.call_after_refresh(self.look)

    def _ended(self, event: JobEnded) -> None:
        if event.job != self._job:
            return
        pane = self._pane
        self._job = ""
        self.screen.watch_from("")
        self._wish(PreviewWish())
        if pane is not None:
            pane.border_title = f"{pane.NUMBER} {pane.TITLE}"

    def _tell_colours(self) -> None:
        """Say once how a terminal that shows only greys may show more."""
        if colours(self.app) == "16" and not self._told:
            self._told = True
            self.app.tell(
                "This terminal shows 16 colours: the picture is grey.",
                "warning",
                "Run `export COLORTERM=truecolor`, then start Facedesk again.",
            )

    @property
    def _pane(self) -> FramePane | None:
        """The pane in which frames appear, if a job that has some runs."""
        pane = self.screen.panes.get(SHOWN_BY.get(self._job, ""))
        return pane if isinstance(pane, FramePane) and pane.is_attached else None  # none at the end

    def look(self) -> None:
        """Choose the level anew, and tell the camera what changed."""
        pane = self._pane
        if pane is None or self.app.closing:
            return
        preview = next(iter(pane.query(FramePreview)), None)
        if preview is None:
            return  # the app is being taken down
        pane.frames_off(self.chooser.level == "off")
        now = preview.clock()
        self.chooser.look(now, self._backlog.look(self.app))
        preview.account.budget = self._limits.budget
        wish = self._wish_for(preview)
        self._wish(wish)
        if not wish.wanted:
            preview.clear_picture()
        if self._looks % RATE_EVERY == 0:
            self._show_rate(pane, preview, now)
        self._looks += 1

    def action_preview_level(self) -> None:
        """The next choice, kept for the next start."""
        choice = self.chooser.next_choice()
        self.app.notify(f"Preview: {'automatic' if choice == 'auto' else choice}", timeout=2)
        self._looks = 0
        self.look()
        self.app.remember("preview", choice)

    @property
    def _limits(self) -> Limits:
        return limits(self.chooser.level, os.environ)

    def _wish_for(self, preview: FramePreview) -> PreviewWish:
        """What can be shown; nothing where the frame is not on the screen."""
        seen = self.app.screen is self.screen and preview.is_on_screen and preview.size
        if not seen or self.chooser.level == "off":
            return PreviewWish()
        pictures, size = self._shows_pictures, cell()
        drawable = self._limits.rate if pictures else CELLS_A_SECOND / preview.size.area
        return PreviewWish(
            columns=preview.size.width,
            rows=preview.size.height,
            colours=colours(self.app),
            level=self.chooser.level,
            rate=preview.account.affordable(min(self._limits.rate, drawable)),
            form="png" if pictures else "cells",
            cell=(size.width, size.height) if pictures else (1, 2),
        )

    @property
    def _shows_pictures(self) -> bool:
        """Whether the terminal shows pictures, and its line is quick enough for them."""
        quick = self.chooser.level == "normal" and "SSH_CONNECTION" not in os.environ
        if not quick or self.app.is_headless:
            return False
        return protocol(os.environ, colours(self.app)) == "kitty"

    def _show_rate(self, pane: FramePane, preview: FramePreview, now: float) -> None:
        rate = rate_words(self.chooser.choice, self.chooser.level, *preview.account.rate(now))
        title = f"{pane.NUMBER} {pane.TITLE} · {rate}"
        if pane.border_title != title:
            pane.border_title = title

    def _wish(self, wish: PreviewWish) -> None:
        if wish != self._wished:
            self._wished = wish
            self.app.desk.preview(wish)  # queued by the desk: it waits for nothing

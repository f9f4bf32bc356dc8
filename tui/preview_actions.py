"""The live preview: which pane shows it, how large, how often, and at which level."""

from __future__ import annotations

from collections.abc import Callable

from engine.events import Event, JobEnded, JobStarted
from engine.service.protocol import Desk, PreviewWish
from tui.actions import ActionsApp
from tui.panes.base import Pane
from tui.preview import LIMITS, NAMES, Chooser, told
from tui.terminal import Backlog, colours
from tui.widgets.preview import FramePreview

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

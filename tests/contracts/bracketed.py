"""The app in a language whose every word is its English in «brackets»: prints what it shows.

A program: `python tests/contracts/bracketed.py WORKSPACE`, with the repository on PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import gettext
import sys
from pathlib import Path
from typing import Any

KEYS = ("", "f1", "m", "1 y", "v", "n", "i", "r", "l", "b", "1 e", "1 c", "1 slash", "1 enter")
"""What is pressed one after the other, each from the desk."""


class Brackets(gettext.NullTranslations):
    """Every text is there."""

    def gettext(self, text: str) -> str:
        """The text in brackets."""
        return f"«{text}»"

    def ngettext(self, one: str, more: str, count: int) -> str:
        """The one that goes with the count, in brackets."""
        return f"«{one if count == 1 else more}»"


def shown(app: Any) -> str:
    """The cells of the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(part.text for part in strip) for strip in strips)


async def main(workspace: Path) -> None:
    """Open what keys open, then run a capture, a recognition and a training."""
    from tui import i18n

    i18n.use(Brackets())
    sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
    from fake_coach import coaching
    from fake_desk import FakeDesk, captured, epoch, face, model, opened, person
    from fake_unknown import unknown

    from engine.events import JobEnded, JobStarted, Refused
    from tui.app import FacedeskApp

    models = (model("new"), model("old", current=True))
    people = (person("Ada"), person("Grace", in_model="stale"))
    desk = FakeDesk(people, models, workspace=workspace)
    desk.waiting = (unknown(1),)
    app = FacedeskApp(desk)
    async with app.run_test(size=(200, 60)) as pilot:

        async def show(*events: object) -> None:
            desk.emit(*events)
            for _ in range(25):
                await pilot.pause(0.02)
            print(shown(app))

        for keys in KEYS:
            await pilot.press("escape", *keys.split())
            await show()
        await pilot.press("escape", "escape")
        await show(
            JobStarted(job="enrol", title="C"),
            opened(),
            captured(3),
            Refused(person="Ada", reason="too_dark", value=38.0, limit=60.0, frame=9),
            coaching({("frontal", "near"): 1}, reason="too_dark", value=38.0, limit=60.0),
        )
        await show(JobEnded(job="enrol", title="C", outcome="done"))
        await show(JobStarted(job="recognise", title="R"), opened(), face("known", "Ada"))
        await show(JobEnded(job="recognise", title="R", outcome="done"))
        await show(JobStarted(job="train", title="T"), epoch(1, 1))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

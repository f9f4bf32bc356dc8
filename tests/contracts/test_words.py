"""English text stands in one place, and what is marked for translation is shown translated."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[2]


def extractor() -> ModuleType:
    """words.py, which is a program too."""
    spec = importlib.util.spec_from_file_location("words", Path(__file__).with_name("words.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_template_holds_every_word_and_no_other() -> None:
    words = extractor()
    cure = "python tests/contracts/words.py"
    assert words.POT.read_text() == words.pot(), f"write it again: PYTHONPATH=. {cure}"


BRACKETED = """
import asyncio, gettext, sys
from pathlib import Path

class Brackets(gettext.NullTranslations):
    def gettext(self, text):
        return "«" + text + "»"

from tui import i18n
i18n.use(Brackets())
sys.path.insert(0, "tests/tui")
from fake_desk import FakeDesk, epoch, model, person
from engine.events import JobStarted
from tui.app import FacedeskApp

def shown(app):
    strips = app.screen._compositor.render_strips()
    return "\\n".join("".join(part.text for part in strip) for strip in strips)

async def main():
    models = (model("new"), model("old", current=True))
    desk = FakeDesk((person("Ada"),), models, workspace=Path(sys.argv[1]))
    app = FacedeskApp(desk)
    async with app.run_test(size=(200, 60)) as pilot:
        for keys in ((), ("f1",), ("escape", "m"), ("escape", "1", "y"), ("escape", "v")):
            if keys:
                await pilot.press(*keys)
            for _ in range(20):
                await pilot.pause(0.02)
            print(shown(app))
        await pilot.press("escape")
        desk.emit(JobStarted(job="train", title="T"), epoch(1, 1))
        for _ in range(30):
            await pilot.pause(0.02)
        print(shown(app))

asyncio.run(main())
"""


def test_in_another_language_its_words_are_shown(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", BRACKETED, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "", "HOME": str(tmp_path)},
    )
    assert run.returncode == 0, run.stderr
    for word in (
        "«Training»",
        "«Split»",
        "«Activity»",
        "«No split yet.",
        "«Recipe»",
        "«Train»",
        "«Anywhere»",
        "«Enrol a person from a camera, clip or stream»",
        "«Models»",
        "«Against the one in use: «val acc» +0.00, «threshold» +0.00.»",
        "«Close (Esc)»",
        "sent to the terminal's clipboard",
        "«Evaluation»",
        "«Epoch 1 of 12»",
        "«best epoch 1, val acc 0.40»",
    ):
        assert word in run.stdout, word


def test_a_language_that_is_not_there_is_english(tmp_path: Path) -> None:
    code = "from tui.i18n import _; print(_('Training'))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY), "FACEDESK_LANGUAGE": "xx", "PATH": ""},
    )
    assert run.stdout == "Training\n"

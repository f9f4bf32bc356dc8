"""English text stands in one place, and what is marked for translation is shown translated."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from bare_words import bare_words, modules

REPOSITORY = Path(__file__).resolve().parents[2]
MARKED = (
    "panes",
    "screens",
    "widgets",
    "coach_words.py",
    "describe.py",
    "figures.py",
    "person_words.py",
    "quick_steps.py",
    "text.py",
    "why_words.py",
)
"""Folders and modules of tui/ in which every word is marked for translation."""
NOT_WORDS = {
    "TPIR": "a symbol of ISO/IEC 19795-1, the same in every language",
    "FPIR": "the same",
    "0, /dev/video0, clip.mp4, folder/, rtsp://, http://, demo:collins": "typed as they stand",
    "facedesk evaluate --model {}": "a command line",
    "NFKD": "a Unicode normal form",
    "Cc": "a Unicode category",
    "Cf": "a Unicode category",
    "Cs": "a Unicode category",
    "Co": "a Unicode category",
    "RGB": "Pillow's name of a mode",
    "PNG": "Pillow's name of a format",
}
"""What looks like words there and is none, with the reason."""


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


def test_a_text_stands_in_the_template_once() -> None:
    texts = [text for text, _more in extractor().words()]
    assert len(texts) == len(set(texts)), "with and without a plural is not one msgid"


def test_a_count_with_its_noun_stands_in_the_template_with_the_count_inside() -> None:
    pot = extractor().POT.read_text()
    assert 'msgid "{count} picture"\nmsgid_plural "{count} pictures"\n' in pot
    assert 'msgid "{count} person"\nmsgid_plural "{count} people"\n' in pot


def test_every_word_is_marked_for_translation() -> None:
    bare = [
        f"{module.relative_to(REPOSITORY)}:{found.line}: {found.text!r}"
        for module in modules(REPOSITORY / "tui" / place for place in MARKED)
        for found in bare_words(module.read_text(), NOT_WORDS)
    ]
    assert not bare, "\n".join(("put these into _():", *bare))


@pytest.mark.parametrize(
    "code",
    [
        'TITLE = "People"',
        'self.write("#status", "No face")',
        'text = f"{person}: {count} kept"',
        'Text(f" dropped {count}")',
        'yield Button(label="Close (Esc)")',
        'def show(text: str = "Nobody in view"): ...',
        'words = {"stopped": "stopped, kept"}',
        '_(f"{count} of {total} kept")',
        'self.many("Nobody in view")',
    ],
)
def test_a_word_that_is_not_marked_is_found(code: str) -> None:
    assert bare_words(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""What it does."""',
        'TITLE = _("People")',
        'many(count, "enrolled picture")',
        '_n("{count} person here", "{count} people here", count)',
        'self.query_one("#fields .hint").add_class("-idle")',
        'DEFAULT_CSS = "Meter { height: 1; }"',
        'Text(text, f"not bold {style}")',
        'rate = f" {fps:.0f} fps"',
        'header = ("name", "enrolled since")',
    ],
)
def test_what_is_no_word_or_is_marked_is_not_found(code: str) -> None:
    assert not bare_words(code)


def test_in_another_language_its_words_are_shown(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, Path(__file__).with_name("bracketed.py"), str(tmp_path)],
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
        "«best epoch 1: TPIR 80.0%, FPIR 2.0%»",
        "«since 2026-11-24 09:30»",
        "«60 pictures»",
        "«stale",
        "«part of a name»",
        "«New person»",
        "«split, train and recognise»",
        "«Import a folder»",
        "«central: the one nearest the middle»",
        "«Watch»",
        "«Enter enrols from 0 (the source used last).»",
        "«Is this Ada Lovelace?»",
        "«Consent: none noted.»",
        "«9 of «12 probes»",
        "«Capturing Ada Lovelace»",
        "«GOOD, STAY LIKE THIS»",
        "«1 different view»",
        "«Refused frames»",
        "«last 38 < 60»",
        "«x stop and keep · esc keep, and no more»",
        "«n enrol another person or session · s split the pictures»",
        "«R: starting»",
        "«Last events»",
        "«known»",
        "«r watch again»",
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

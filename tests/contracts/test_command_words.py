"""Commands and actions speak through `_()`: nothing that they say is missing in the template."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

BRACKETED = """
import gettext, sys

class Brackets(gettext.NullTranslations):
    def gettext(self, text):
        return "«" + text + "»"

    def ngettext(self, one, more, count):
        return "«" + (one if count == 1 else more) + "»"

from tui import i18n
i18n.use(Brackets())
from tui.cli import main
main(sys.argv[1:])
"""


def said(*arguments: str, home: Path) -> str:
    """What a command prints where every text is translated into itself in brackets, one line."""
    run = subprocess.run(
        [sys.executable, "-c", BRACKETED, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env={
            "PYTHONPATH": str(REPOSITORY),
            "PATH": "",
            "HOME": str(home),
            "FACEDESK_WORKSPACE": str(home / "workspace"),
            "COLUMNS": "100",
        },
    )
    assert "Traceback" not in run.stderr, run.stderr
    return " ".join((run.stdout + run.stderr).split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--help"],
            (
                "«A face-enrolment desk in the terminal. Without a command, the app opens.»",
                "«Try it without a camera: facedesk demo Enrol somebody:",
                "«Results and errors only.»",
                "«Capture pictures of NAME from a camera.",
            ),
        ),
        (
            ["enroll", "--help"],
            (
                "«Capture pictures of NAME from a camera. Enter stops and keeps",
                "«Crops to capture (default 100).»",
                "«Record the session as NAME.fdrec",
                'facedesk enroll "Ada Lovelace" --source 0',
            ),
        ),
        (
            ["enroll", "--source", "0"],
            ("facedesk: «Give a NAME, or --roster", "«See `facedesk enroll --help`.»"),
        ),
        (
            ["export", "--keras-folders", "out"],
            ("facedesk: «There is no split yet».", "«Run `facedesk split` first.»"),
        ),
        (
            ["people", "list"],
            ("«Nobody is enrolled yet. Try: facedesk enroll NAME --source 0»",),
        ),
        (["keys"], ("«Anywhere»", "«Enrol a person from a camera, clip or stream»")),
    ],
)
def test_in_another_language_a_command_speaks_it(
    arguments: list[str], words: tuple[str, ...], tmp_path: Path
) -> None:
    text = said(*arguments, home=tmp_path)
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    "arguments", [["people", "list"], ["enroll", "--source", "0"], ["export"], ["doctor"]]
)
def test_what_a_script_reads_is_english_in_every_language(
    arguments: list[str], tmp_path: Path
) -> None:
    assert "«" not in said(*arguments, "--json", home=tmp_path)


def test_commands_to_be_typed_are_not_translated() -> None:
    from tui.cli.help_words import words_of_help

    help = "Words\n    of help.\n\n    \b\n    facedesk split\n    facedesk train --epochs 5\n"
    assert words_of_help(help) == ["Words of help."]


def test_a_block_with_words_is_one_text_with_its_lines() -> None:
    from tui.cli.help_words import words_of_help

    help = "Words.\n\n\b\nfacedesk split   # of help\nfacedesk train\n"
    assert words_of_help(help) == ["Words.", "facedesk split   # of help\nfacedesk train"]


MODULES = [
    *sorted(REPOSITORY.glob("tui/cli/*.py")),
    *sorted(REPOSITORY.glob("tui/commands/*.py")),
    *sorted(REPOSITORY.glob("tui/*.py")),
]
SENTENCE = re.compile(r"[A-Za-z]{2,}[,.:;]? +[A-Za-z]{2,}")
"""Two words with a blank between."""
NO_WORDS = re.compile(
    r"export [A-Z_]+=|unset [A-Z_]+$|tmux (set|new) "  # commands to be typed
    r"|Eileen Collins|Grace Hopper"  # names
    r"|bold (red|yellow)$"  # styles
    r"|%\(asctime\)s "  # form of the log
    r"|(probe of|named rightly|right at rank 1)$"  # columns of a file, read by programs too
)


def unmarked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts with a blank between words that are no docstring and not given to `_()`."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        if isinstance(node, ast.Call) and not _reaches_operator(node.func):
            passed.update(id(part) for text in node.args for part in ast.walk(text))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if id(node) not in passed and SENTENCE.search(text) and not NO_WORDS.match(text):
                yield node.lineno, text


def _reaches_operator(call: ast.expr) -> bool:
    """Whether texts given to this go to the operator as they stand."""
    if isinstance(call, ast.Name):
        return call.id not in ("_", "many")  # nouns that are counted are marked by `many`
    if isinstance(call, ast.Attribute):
        logs = getattr(call.value, "id", "") == "log"
        return not logs and call.attr != "writing"  # who holds the lock: a command's name
    return True


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda file: file.relative_to(REPOSITORY).as_posix()
)
def test_what_the_operator_reads_is_marked_for_translation(module: Path) -> None:
    assert list(unmarked(ast.parse(module.read_text()))) == []


def test_a_text_that_is_not_marked_is_found() -> None:
    tree = ast.parse('def f(x):\n    "A doc string."\n    say(_("marked text"), f"bare text {x}")')
    assert list(unmarked(tree)) == [(3, "bare text ")]

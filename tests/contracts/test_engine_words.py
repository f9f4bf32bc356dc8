"""What the engine says to an operator can be translated, all of it."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import engine.errors

REPOSITORY = Path(__file__).resolve().parents[2]
ERRORS = {name for name, value in vars(engine.errors).items() if inspect.isclass(value)}
NOTICES = {"Notice", "PictureSkipped"}
SAID = {"value", "detail", "text", "title", "message", "hint"}
"""Arguments, given by name, that an operator reads."""


def modules() -> list[Path]:
    """The engine's modules."""
    found = sorted((REPOSITORY / "engine").rglob("*.py"))
    assert found
    return found


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call of something by its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node


def is_sentence(node: ast.AST) -> bool:
    """Whether this is English as it stands: words with a blank between them."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        return any(
            isinstance(part, str) and re.search(r"[a-z]{2} | [a-z]{2}", part) for part in parts
        )
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


def test_no_error_and_no_notice_is_made_of_bare_english() -> None:
    bare = []
    for module in modules():
        for name, call in calls(ast.parse(module.read_text())):
            if name in ERRORS | NOTICES | {"Finding"}:
                given = [*call.args, *(k.value for k in call.keywords if k.arg in SAID)]
                bare += [f"{module}:{node.lineno}" for node in given if is_sentence(node)]
    assert not bare


def test_what_is_marked_is_a_constant_so_that_the_template_holds_it() -> None:
    computed = []
    for module in modules():
        if module.name == "i18n.py":
            continue
        for name, call in calls(ast.parse(module.read_text())):
            texts = call.args[: {"_": 1, "_n": 2}.get(name, 0)]
            computed += [
                f"{module}:{text.lineno}" for text in texts if not isinstance(text, ast.Constant)
            ]
    assert not computed


def test_no_module_with_words_hides_the_function_that_marks_them() -> None:
    hidden = []
    for module in modules():
        tree = ast.parse(module.read_text())
        if "engine.i18n" not in {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}:
            continue
        # A comprehension's names are its own.
        own = {
            id(name)
            for node in ast.walk(tree)
            if isinstance(node, ast.comprehension)
            for name in ast.walk(node.target)
        }
        hidden += [
            f"{module}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            if node.id in ("_", "_n") and id(node) not in own
        ]
    assert not hidden


BRACKETED = """
import gettext, sys
from pathlib import Path

class Brackets(gettext.NullTranslations):
    def gettext(self, text):
        return "«" + text + "»"

    def ngettext(self, one, more, count):
        return self.gettext(one if count == 1 else more)

from engine import i18n
i18n.use(Brackets())

from engine.camera.sources import open_source
from engine.settings import CameraSettings
from engine.dataset.split import make_split
from engine.enrol.people import People
from engine.errors import FacedeskError
from engine.evaluate.words import proof
from engine.events import JobEnded
from engine.service.checkup.cameras import camera_findings
from engine.service.wire import decode, encode
from engine.workspace import Workspace

empty = Path(sys.argv[1])

def told(action):
    try:
        action()
    except FacedeskError as error:
        message = encode(JobEnded.failure("enrol", error))
        size = int.from_bytes(message[:4], "big")
        print(decode(message[8 : 8 + size], b""))

told(lambda: open_source(str(empty / "clip.avi"), CameraSettings()))
told(lambda: People(Workspace(empty)).get("Ada"))
told(lambda: open_source("demo:nobody", CameraSettings()))
for finding in camera_findings(CameraSettings(), empty, empty):
    print(finding.value, finding.detail, finding.remedy, sep="\\n")
print(proof(1, 300, (0.0, 0.016)))
"""


def test_in_another_language_errors_findings_and_figures_come_in_its_words(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", BRACKETED, str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "", "HOME": str(tmp_path)},
    )
    assert run.returncode == 0, run.stderr
    for words in (
        "title='«There is no such file»'",
        "hint='«Check the path, relative to the current folder.»'",
        "title='«Nobody of this name is enrolled»'",
        "title='«There is no such demo»'",
        "message='demo:nobody'",
        f"«no camera on this machine ({tmp_path}/video*)»",
        "«A clip, a stream or demo:collins can be the source.»",
        "«Plug one in; if it is: sudo modprobe uvcvideo»",
        "«1 of 300 strangers was named: that proves no more than an FPIR of at most 1.6 %.»",
    ):
        assert words in run.stdout, f"{words} is not in:\n{run.stdout}"


def test_the_catalogue_is_one_with_the_interfaces_and_without_a_translation_words_are_english() -> (
    None
):
    code = (
        "from engine.i18n import LOCALE, _, _n, language; "
        "print(LOCALE, language(), _('Train again.'), _n('{n} file', '{n} files', 2), sep='|')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY), "FACEDESK_LANGUAGE": "xx", "PATH": ""},
    )
    assert run.stdout == f"{REPOSITORY / 'tui' / 'locale'}|en|Train again.|{{n}} files\n", (
        run.stderr
    )

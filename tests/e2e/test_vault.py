"""An encrypted workspace through the real command line and the real app, with umask 0."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

from engine.workspace.files import is_temporary
from engine.workspace.vault.opened import PLAIN
from tests.e2e.conftest import LIGHT

ADA, GRACE = "Zebulon Quagmire", "Yolanda Quagmire"
KEY = "FACEDESK_VAULT__KEY_FILE"
PHRASE = "four words of mine"
READABLE = re.compile(
    rb"\x89PNG\r\n\x1a\n|PK\x03\x04[\x0a-\x3f]\x00|\xff\xd8\xff[\xe0-\xef]..(JFIF|Exif)|\x93NUMPY|Quagmire",
    re.DOTALL,
)
"""How pictures and arrays begin, and what the people are called. Three bytes alone, as every JPEG
begins with, are found by chance in megabytes of ciphertext: that failed now and then."""
DUMP = re.compile(rb"[A-Za-z0-9+/]{120,}|(\\x[0-9a-f]{2}){20}|array\(\[|(-?\d\.\d+[, ]+){12}")
"""Base64, escaped bytes and arrays as a log would show them."""


@dataclass(frozen=True)
class Vaulted:
    """An encrypted workspace and its key file."""

    root: Path
    key: Path

    def files(self) -> list[Path]:
        return [path for path in sorted(self.root.rglob("*")) if path.is_file()]


@pytest.fixture(scope="module")
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def vaulted(facedesk: Any, tmp_path_factory: pytest.TempPathFactory, open_umask: None) -> Vaulted:
    """A first person plain, then encrypted, then everything there is to do."""
    folder = tmp_path_factory.mktemp("vault")
    made = Vaulted(folder / "workspace", folder / "desk.key")

    quick = {KEY: str(made.key), **LIGHT}

    def does(*words: object) -> dict[str, Any]:
        run = facedesk(*words, "--workspace", made.root, "--json", **quick)
        assert run.code == 0, run.err
        return dict(run.done) if run.objects[-1]["event"] == "done" else {}

    does("enroll", ADA, "--source", "demo:hopper", "--count", 6)
    assert any(b"\x89PNG" in path.read_bytes() for path in made.files())
    assert does("vault", "create", "--key-file", made.key)["files"] > 6
    does("enroll", GRACE, "--source", "demo:collins", "--count", 6)
    does("split")
    does("train")
    film = "demo:collins?frames=12&seed=9"
    seen = does("recognize", "--source", film, "--keep-unknown")
    assert seen["faces"] > 5
    does("evaluate")
    does("people", "delete", GRACE, "--yes")
    does("trash", "undo")
    return made


def test_nothing_of_a_person_can_be_read_in_any_file(vaulted: Vaulted) -> None:
    told = {path: READABLE.search(path.read_bytes()) for path in vaulted.files()}
    assert {path: found for path, found in told.items() if found} == {}
    assert sum(path.suffix == ".png" for path in told) >= 12


def test_all_that_is_kept_is_covered(facedesk: Any, vaulted: Vaulted) -> None:
    run = facedesk("vault", "--workspace", vaulted.root, "--json")
    status = run.objects[-1]
    assert (status["encrypted"], status["state"], status["plain"]) == (True, "sealed", 0)
    bare = {*PLAIN, *(p.name for p in (vaulted.root / "logs").iterdir())}
    assert status["sealed"] == len([p for p in vaulted.files() if p.name not in bare])
    check = facedesk("vault", "check", "--key-file", vaulted.key, "--workspace", vaulted.root)
    assert check.code == 0, check.err


def test_folders_and_files_are_private_whatever_the_umask(vaulted: Vaulted, cache: Path) -> None:
    kept = [path for path in cache.rglob("*") if not is_temporary(path.name)]
    for path in [*vaulted.root.rglob("*"), vaulted.root, vaulted.key, *kept]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, path


def test_logs_hold_neither_pictures_nor_arrays(vaulted: Vaulted) -> None:
    logs = [path for path in (vaulted.root / "logs").iterdir() if path.is_file()]
    assert logs
    assert {path.name: found[0] for path in logs if (found := DUMP.search(path.read_bytes()))} == {}


def test_without_the_key_nothing_is_said_of_anybody(facedesk: Any, vaulted: Vaulted) -> None:
    run = facedesk("people", "list", "--workspace", vaulted.root)
    assert run.code == 4
    assert "encrypted and locked" in run.err
    assert "Quagmire" not in run.out + run.err


def test_a_wrong_key_is_said_and_nothing_else_happens(
    facedesk: Any, vaulted: Vaulted, tmp_path: Path
) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(bytes(32))
    other.chmod(0o600)
    run = facedesk("people", "list", "--workspace", vaulted.root, **{KEY: str(other)})
    assert run.code == 4
    assert "The key file is the wrong one" in run.err


def test_the_doctor_works_locked_and_unlocked(facedesk: Any, vaulted: Vaulted) -> None:
    for more, said in (({}, "locked"), ({KEY: str(vaulted.key)}, "unlocked")):
        run = facedesk("doctor", "--workspace", vaulted.root, "--json", **more)
        findings = {item["subject"]: item for item in run.named("finding")}
        assert findings["encryption"]["value"] == f"AES-256-GCM, {said}"
        assert findings["model"]["state"] != "trouble"


def test_an_export_is_plain_and_says_so(facedesk: Any, vaulted: Vaulted, tmp_path: Path) -> None:
    run = facedesk(
        "export",
        "--keras-folders",
        tmp_path / "out",
        "--workspace",
        vaulted.root,
        **{KEY: str(vaulted.key)},
    )
    assert run.code == 0, run.err
    assert "not encrypted" in run.err
    pictures = list((tmp_path / "out").rglob("*.png"))
    assert pictures
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "out").rglob("*"))


def test_the_app_asks_for_the_passphrase_and_its_processes_have_the_key(
    facedesk: Any, app: Callable[..., Terminal], tmp_path: Path
) -> None:
    root, phrase = tmp_path / "w", tmp_path / "phrase"
    phrase.write_text(PHRASE + "\n")
    phrase.chmod(0o600)
    made = facedesk("vault", "create", "--passphrase-file", phrase, "--workspace", root)
    assert made.code == 0, made.err
    terminal = app("--workspace", root, **LIGHT)
    terminal.wait_for("Passphrase")
    terminal.press("not these words\r")
    terminal.wait_for("wrong")
    terminal.press(f"{PHRASE}\r")
    terminal.wait_for("Nobody is enrolled")
    terminal.close_welcome()
    assert PHRASE.encode() not in terminal.raw
    terminal.press("q")
    assert terminal.wait_exit() == 0
    for process in Path("/proc").glob("[0-9]*"):
        assert PHRASE.encode() not in _told(process)
    assert "Traceback" not in "".join(p.read_text() for p in (root / "logs").iterdir())


def _told(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        return b""

"""What an operator names as a file and is none: devices, pipes, folders, text beyond a parser."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.config import load_settings
from engine.contract.errors import ConfigError
from engine.rights.erase import erase
from engine.workspace.files import read_bytes
from engine.workspace.folder import Workspace
from tests.attack.child import Told, child
from tests.attack.humans import MAN, enrol

TOO_DEEP = "a = " + "[" * 100_000
TOO_DEEP_BY_DOTS = "[" + ".".join(["a"] * 5_000) + "]"
TOO_LONG_A_NUMBER = "trash = {keep_days = " + "9" * 10_000 + "}"
FEW = 60
"""MiB that saying no may take."""


@pytest.fixture(params=["endless", "pipe", "folder"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / "made"
    if request.param == "pipe":
        os.mkfifo(made)
    elif request.param == "folder":
        made.mkdir()
    return Path("/dev/zero") if request.param == "endless" else made


def names_of(file: Path) -> Told:
    """What reading a roster's names from `file` says, in a process of its own: it might hang."""
    return child(
        "try: said = list(read_names(Path(file)))\n"
        "except UsageError as error: said = error.title\n",
        "from pathlib import Path\n"
        "from engine.people.roster import read_names\n"
        "from engine.contract.errors import UsageError\n",
        file=str(file),
    )


def keys_of(file: Path) -> Told:
    """The troubles with `file` as the file of the operator's own keys."""
    return child(
        "said = read_keymap(Path(file), KEYS).troubles\n",
        "from pathlib import Path\n"
        "from tui.keys.keymap import read_keymap\n"
        "from tui.keys import KEYS\n",
        file=str(file),
    )


def test_a_roster_that_is_no_file(no_file: Path) -> None:
    told = names_of(no_file)
    assert told.said == ([] if no_file.is_dir() else "No names could be read")
    assert told.megabytes < FEW


def test_a_key_file_that_is_no_file(no_file: Path) -> None:
    told = keys_of(no_file)
    (trouble,) = told.said
    assert trouble.startswith("The key file cannot be read")
    assert told.megabytes < FEW


@pytest.mark.parametrize(
    "text", [TOO_DEEP, TOO_DEEP_BY_DOTS, TOO_LONG_A_NUMBER], ids=["deep", "dots", "number"]
)
def test_a_key_file_that_no_parser_can_take(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    (trouble,) = keys_of(tmp_path / "keys.toml").said
    assert trouble.startswith(("The key file cannot be read", "Key file: there is no"))


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEDESK_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "config.toml"


@pytest.mark.parametrize(
    "text", [TOO_DEEP, TOO_DEEP_BY_DOTS, TOO_LONG_A_NUMBER], ids=["deep", "dots", "number"]
)
def test_a_configuration_that_no_parser_can_take(configured: Path, text: str) -> None:
    configured.write_text(text)
    with pytest.raises(ConfigError):
        load_settings()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_a_configuration_that_is_no_file_is_not_passed_over(
    configured: Path, make: Callable[[Path], None]
) -> None:
    make(configured)
    with pytest.raises(ConfigError, match="it is no file"):
        load_settings()


def test_who_erases_adds_no_line_to_the_receipt(workspace: Workspace) -> None:
    enrol(workspace, "Ada", MAN, pictures=2)
    done = erase(workspace, "Ada", "Desk one\n\nFound nothing.\x1b[2J\u202e" + "x" * 1000)
    assert done.receipt.by == f"Desk one Found nothing.[2J{'x' * 1000}"[:200]
    told = read_bytes(Path(done.file)).decode()
    assert f"by {done.receipt.by}\n" in told
    assert "\x1b" not in told

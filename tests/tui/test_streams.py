"""What is printed meets a full disk, a reader that has gone, a locale with few characters."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from engine.people.registry import People
from engine.workspace.folder import Workspace
from tui.terminal.streams import Stream, plain_character

REPOSITORY = Path(__file__).resolve().parents[2]
LATIN = {"PYTHONIOENCODING": "iso-8859-1"}
ASCII = {"PYTHONIOENCODING": "ascii"}
BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale without characters of its own, and Python's cure for it switched off."""


def facedesk(*arguments: str | Path, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command; `streams` as subprocess takes them, `env` on top of ours."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **streams.pop("env", {})}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        env=environment,
        timeout=300,
        **streams,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with Zoë Löw."""
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    People(workspace).add("Zoë Löw")
    return workspace.root


COMMANDS: Sequence[Sequence[str]] = [
    ["--help"],
    ["keys"],
    ["people", "list"],
    ["people", "list", "--json"],
    ["doctor", "--json"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_behind_the_output_is_one_sentence_and_code_4(
    words: Sequence[str], root: Path
) -> None:
    with open("/dev/full", "wb") as full:
        done = facedesk(*words, stdout=full, env={"FACEDESK_WORKSPACE": str(root)})
    assert done.returncode == 4
    assert done.stderr.decode().startswith(
        "facedesk: The output cannot be written: No space left on device.\n"
    )
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_is_no_error(words: Sequence[str], root: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = facedesk(*words, stdout=writer, env={"FACEDESK_WORKSPACE": str(root)})
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_failed_command_keeps_its_code_whatever_became_of_its_output(root: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = facedesk("model", "promote", "none", "--json", "--workspace", root, stdout=full)
        assert done.returncode == 5
        done = facedesk("model", "promote", "none", "--workspace", root, stderr=full)
        assert done.returncode == 5


@pytest.mark.parametrize("output", ["full", "gone", "closed"])
def test_a_capture_does_not_end_because_of_its_printer(output: str, tmp_path: Path) -> None:
    command = (
        f'"$0" -m tui enroll Grace --source demo:hopper --count 3 --json --workspace "{tmp_path}"'
    )
    end = {"full": ">/dev/full", "gone": "| true", "closed": ">&-"}[output]
    subprocess.run(
        ["sh", "-c", f"{command} {end}", sys.executable],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=300,
        check=False,
    )
    (person,) = People(Workspace(tmp_path)).list()
    assert (person.name, person.pictures) == ("Grace", 3)


def test_a_stream_says_why_it_writes_no_more_and_never_raises() -> None:
    told: list[OSError] = []
    with open("/dev/full", "w", encoding="utf-8") as full:
        stream = Stream(full, told.append)
    assert stream.lost is None
    for _ in range(3):
        print("a line", file=stream)
    assert stream.lost is not None
    assert told == [stream.lost]
    stream.close()


def test_a_stream_waits_where_its_descriptor_does_not() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with open(writer, "w", encoding="utf-8") as pipe:
        stream = Stream(pipe, lambda error: None)
    text = "x" * 300_000 + "\n"  # more than a pipe holds
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(len(sys.stdin.read()))"],
        stdin=reader,
        stdout=subprocess.PIPE,
    )
    os.close(reader)
    stream.write(text)
    stream.close()
    assert child.communicate()[0].strip() == str(len(text)).encode()


@pytest.mark.parametrize("words", [w for w in COMMANDS if "--json" not in w], ids=" ".join)
@pytest.mark.parametrize("locale", [LATIN, ASCII, BARE], ids=["latin-1", "ascii", "C"])
def test_no_command_fails_on_a_character(
    words: Sequence[str], locale: dict[str, str], root: Path
) -> None:
    done = facedesk(*words, env={"FACEDESK_WORKSPACE": str(root), **locale})
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u" not in done.stdout
    assert rb"\x" not in done.stdout


@pytest.mark.parametrize(
    ("locale", "name"),
    [(LATIN, "Zoë Löw".encode("latin-1")), (ASCII, b"Zoe Low"), (BARE, "Zoë Löw".encode())],
    ids=["latin-1", "ascii", "C"],
)
def test_a_name_is_written_in_the_terminals_characters(
    locale: dict[str, str], name: bytes, root: Path
) -> None:
    assert name in facedesk("people", "list", "--workspace", root, env=locale).stdout


@pytest.mark.parametrize("locale", [LATIN, ASCII, BARE], ids=["latin-1", "ascii", "C"])
def test_json_loses_nothing_of_a_name(locale: dict[str, str], root: Path) -> None:
    done = facedesk("people", "list", "--json", "--workspace", root, env=locale)
    assert json.loads(done.stdout.splitlines()[0])["name"] == "Zoë Löw"


def test_a_name_can_be_typed_in_a_locale_without_characters(root: Path) -> None:
    done = facedesk("people", "show", "Zoë Löw", "--json", "--workspace", root, env=BARE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("character", "plain"),
    [
        ("│", "|"), ("─", "-"), ("╭", "+"), ("┤", "+"), ("━", "-"), ("▀", " "), ("█", "#"),
        ("…", "."), ("é", "e"), ("→", ">"), ("✓", "+"), ("⠒", "."), ("名", "??"), ("\u0301", ""),
        ("\udcc3", "?"),
    ],
)  # fmt: skip
def test_a_character_becomes_the_plain_one_nearest_to_it(character: str, plain: str) -> None:
    assert plain_character(character) == plain


def test_lines_keep_their_width_in_plain_characters() -> None:
    text = "│ Zoë 名前 ▀▀ ✓ … │ ½ ﬁ ß"
    plain = text.encode("ascii", "facedesk-plain").decode()
    assert len(plain) == cell_len(text)


@pytest.mark.parametrize("absent", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_the_app_says_so_where_it_can_be_read(
    absent: str, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with (tmp_path / "file").open("w+b") as file:
        streams[absent] = file
        done = subprocess.run(
            [sys.executable, "-m", "tui", "--workspace", str(tmp_path / "w")],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            timeout=300,
            **streams,
        )
    os.close(theirs)
    seen = os.read(ours, 65536)
    os.close(ours)
    assert done.returncode == 2
    assert f"The app needs a terminal: {absent} is not one.".encode() in seen
    assert b"\x1b[?1049h" not in seen


def test_what_is_no_file_is_printed_to_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    from tui.cli import main

    main(["people", "list", "--json", "--workspace", "/nonexistent/workspace"])
    assert json.loads(capsys.readouterr().out)["event"] == "done"
    assert not isinstance(sys.stdout, Stream)
    assert isinstance(sys.stdout, io.TextIOBase)


@pytest.mark.long
def test_a_recognition_whose_lines_reach_nobody_ends_in_good_order(tmp_path: Path) -> None:
    root = ("--workspace", tmp_path / "w")
    for name in ("collins", "hopper"):
        done = facedesk("enroll", name, "--source", f"demo:{name}", "--count", "8", *root)
        assert done.returncode == 0, done.stderr
    assert facedesk("split", *root).returncode == 0
    assert facedesk("train", "--epochs", "1", *root).returncode == 0
    endless = ("recognize", "--source", "demo:collins", "--pace", "live", "--json", *root)
    with open("/dev/full", "wb") as full:
        assert facedesk(*endless, stdout=full).returncode == 4
    reader, writer = os.pipe()
    os.close(reader)
    done = facedesk(*endless, stdout=writer)
    os.close(writer)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr

"""What is printed meets a full disk, a reader that has gone, a locale with few characters."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from engine.contract.errors import UsageError
from engine.people.registry import People
from engine.workspace.folder import Workspace
from tests.templates import copy_of
from tui.cli import main
from tui.terminal.line import need_terminal
from tui.terminal.streams import Stream, plain_character

REPOSITORY = Path(__file__).resolve().parents[2]
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


Here = Callable[..., tuple[object, str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    """Run a command in this process, its output written to a file or descriptor in an encoding;
    its exit code and what it said on standard error, unless that is another file."""
    said = tmp_path / "said"

    def run(
        words: Sequence[str],
        root: Path,
        out: Path | str | int,
        encoding: str = "utf-8",
        err: Path | str = said,
    ) -> tuple[object, str]:
        with (
            open(out, "w", encoding=encoding) as output,
            open(err, "w") as error,
            monkeypatch.context() as patch,
        ):
            patch.setenv("FACEDESK_WORKSPACE", str(root))
            patch.setattr(sys, "stdout", output)
            patch.setattr(sys, "stderr", error)
            code: object = 0
            try:
                main(words)
            except SystemExit as end:
                code = end.code
        return code or 0, said.read_text() if err == said else ""

    return run


@pytest.fixture
def gone() -> int:
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


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
FULL = "facedesk: The output cannot be written: No space left on device.\n"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_behind_the_output_is_one_sentence_and_code_4(
    words: Sequence[str], root: Path, here: Here
) -> None:
    code, said = here(words, root, "/dev/full")
    assert code == 4
    assert said.startswith(FULL)
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_is_no_error(
    words: Sequence[str], root: Path, here: Here, gone: int
) -> None:
    assert here(words, root, gone) == (0, "")


def test_a_process_ends_as_its_output_did(root: Path, gone: int) -> None:
    with open("/dev/full", "wb") as full:
        done = facedesk("people", "list", "--workspace", root, stdout=full)
    assert (done.returncode, done.stderr.decode().startswith(FULL)) == (4, True)
    done = facedesk("people", "list", "--workspace", root, stdout=gone)
    os.close(gone)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_failed_command_keeps_its_code_whatever_became_of_its_output(
    root: Path, here: Here
) -> None:
    words = ["model", "promote", "none"]
    assert here([*words, "--json"], root, "/dev/full")[0] == 5
    assert here(words, root, "/dev/null", err="/dev/full")[0] == 5


@pytest.mark.parametrize("output", ["full", "gone"])
def test_a_capture_does_not_end_because_of_its_printer(
    output: str, tmp_path: Path, here: Here, gone: int
) -> None:
    words = ["enroll", "Grace", "--source", "demo:hopper", "--count", "3", "--json"]
    code, _said = here(words, tmp_path, gone if output == "gone" else "/dev/full")
    assert code == (0 if output == "gone" else 4)
    (person,) = People(Workspace(tmp_path)).list()
    assert (person.name, person.pictures) == ("Grace", 3)


def test_a_capture_does_not_end_because_its_output_is_closed(tmp_path: Path) -> None:
    subprocess.run(
        [
            "sh",
            "-c",
            '"$0" -m tui enroll Grace --source demo:hopper --count 3 --workspace "$1" >&-',
            sys.executable,
            str(tmp_path),
        ],
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
@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_no_command_fails_on_a_character(
    words: Sequence[str], encoding: str, root: Path, here: Here, tmp_path: Path
) -> None:
    assert here(words, root, tmp_path / "out", encoding) == (0, "")
    written = (tmp_path / "out").read_bytes()
    assert written
    assert rb"\u" not in written
    assert rb"\x" not in written


@pytest.mark.parametrize(
    ("encoding", "name"), [("latin-1", "Zoë Löw".encode("latin-1")), ("ascii", b"Zoe Low")]
)
def test_a_name_is_written_in_the_terminals_characters_and_json_loses_nothing_of_it(
    encoding: str, name: bytes, root: Path, here: Here, tmp_path: Path
) -> None:
    here(["people", "list"], root, tmp_path / "table", encoding)
    assert name in (tmp_path / "table").read_bytes()
    here(["people", "list", "--json"], root, tmp_path / "lines", encoding)
    assert json.loads((tmp_path / "lines").read_bytes().splitlines()[0])["name"] == "Zoë Löw"


def test_a_name_can_be_typed_and_read_in_a_locale_without_characters(root: Path) -> None:
    done = facedesk("people", "list", "--workspace", root, env=BARE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Zoë Löw".encode() in done.stdout
    done = facedesk("people", "show", "Zoë Löw", "--json", "--workspace", root, env=BARE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["name"] == "Zoë Löw"


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
    absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "r+b", buffering=0) as terminal, (tmp_path / "file").open("w+b") as file:
        for name in ("stdin", "stdout", "stderr"):
            stream = io.TextIOWrapper(file if name == absent else terminal)
            monkeypatch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as end:
            main(["--workspace", str(tmp_path / "w")])
        monkeypatch.undo()
        seen = os.read(ours, 65536)
    os.close(ours)
    assert end.value.code == 2
    assert f"The app needs a terminal: {absent} is not one.".encode() in seen
    assert b"\x1b[?1049h" not in seen


def test_a_terminal_that_draws_nothing_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "r+b", buffering=0) as terminal:
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(terminal))
        need_terminal()
        monkeypatch.setenv("TERM", "dumb")
        with pytest.raises(UsageError, match="TERM is dumb"):
            need_terminal()
        monkeypatch.undo()
    os.close(ours)


def test_what_is_no_file_is_printed_to_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    main(["people", "list", "--json", "--workspace", "/nonexistent/workspace"])
    assert json.loads(capsys.readouterr().out)["event"] == "done"
    assert not isinstance(sys.stdout, Stream)
    assert isinstance(sys.stdout, io.TextIOBase)


@pytest.mark.long
def test_a_recognition_whose_lines_reach_nobody_ends_in_good_order(
    demo_trained: Path, tmp_path: Path, gone: int
) -> None:
    root = ("--workspace", copy_of(demo_trained, tmp_path / "w").root)
    endless = ("recognize", "--source", "demo:collins", "--pace", "live", "--json", *root)
    with open("/dev/full", "wb") as full:
        assert facedesk(*endless, stdout=full).returncode == 4
    done = facedesk(*endless, stdout=gone)
    os.close(gone)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr

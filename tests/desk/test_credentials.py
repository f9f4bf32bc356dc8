"""Credentials of a camera's URL are in nothing that Facedesk shows, logs, keeps or starts."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_driver import started
from secretive_cameras import HttpCamera, RtspCamera

from engine.config import load_settings
from engine.contract import Captured, JobEnded, ProcessDied
from engine.contract.requests import CheckRequest, EnrolRequest
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from tests.templates import NO_VIEWS

REPOSITORY = Path(__file__).resolve().parents[2]
PASSWORD, TOKEN = "Zq9hunter%40%3Atwo", "Xw7token"
SECRETS = tuple(
    text.encode()
    for text in (
        "Zq9hunter",
        "hunter@:two",
        TOKEN,
        base64.b64encode(b"operator:Zq9hunter@:two").decode().rstrip("="),
    )
)
TALKATIVE = {
    "OPENCV_LOG_LEVEL": "DEBUG",
    "OPENCV_FFMPEG_LOGLEVEL": "56",
    "OPENCV_FFMPEG_DEBUG": "1",
    "OPENCV_VIDEOIO_DEBUG": "1",
}
"""With these OpenCV and FFmpeg print the address of what they open."""


@pytest.fixture(autouse=True)
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TALKATIVE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def http() -> Iterator[str]:
    camera = HttpCamera()
    yield f"http://operator:{PASSWORD}@127.0.0.1:{camera.port}/live?token={TOKEN}&size=3"
    assert camera.authorised, "the password was never used"
    camera.server.shutdown()


@pytest.fixture(scope="module")
def rtsp() -> Iterator[str]:
    camera = RtspCamera()
    yield f"rtsp://operator:{PASSWORD}@127.0.0.1:{camera.port}/live?token={TOKEN}"
    assert camera.asked, "nobody spoke RTSP"
    camera.server.shutdown()


def assert_unsaid(what: str, data: bytes) -> None:
    found = [secret for secret in SECRETS if secret in data]
    assert not found, f"{what} holds {found}"


def assert_nothing_kept(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert_unsaid(str(path), path.name.encode() + path.read_bytes())


def assert_unseen_by_others(pid: int) -> None:
    """What other users, or the same, read of a process."""
    for name in ("cmdline", "environ"):
        assert_unsaid(f"{name} of {pid}", Path(f"/proc/{pid}/{name}").read_bytes())


def test_the_secrets_looked_for_would_be_found(http: str) -> None:
    with pytest.raises(AssertionError):
        assert_unsaid("the URL", http.encode())


def test_the_apps_processes_keep_a_password_to_themselves_even_when_they_crash(
    workspace: Workspace, tmp_path: Path, http: str, rtsp: str
) -> None:
    desk = LocalDesk(workspace, load_settings(training=NO_VIEWS), tmp_path / "kept")
    heard = started(desk)
    try:
        desk.enrol(EnrolRequest(person="Ada", source=http, count=2))
        assert heard.wait(JobEnded).outcome == "done"
        heard.forget()
        desk.enrol(EnrolRequest(person="Ada", source=http, count=500))
        heard.wait(Captured)
        camera = desk._processes.children["camera"].pid
        for pid in (camera, desk._processes.children["model"].pid):
            assert_unseen_by_others(pid)
        os.kill(camera, signal.SIGSEGV)
        heard.wait(ProcessDied)
        heard.wait_end("enrol")
        heard.forget()
        desk.check(CheckRequest(source=rtsp))
        heard.wait_end("check")
        assert_unsaid("an event", "".join(map(repr, heard.events)).encode())
    finally:
        desk.close()
    assert "Segmentation fault" in (workspace.logs / "camera.log").read_text()
    assert_nothing_kept(tmp_path)


def test_the_command_line_keeps_a_password_to_itself(tmp_path: Path, http: str, rtsp: str) -> None:
    facedesk = [sys.executable, "-m", "tui"]
    options = ["--workspace", str(tmp_path / "workspace"), "--json"]
    enrol = ["enroll", "Ada", "--source", http, "--count", "3", "--record", str(tmp_path / "kept")]
    process = subprocess.Popen(
        [*facedesk, *enrol, *options],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    began = Path(f"/proc/{process.pid}/cmdline")
    deadline = time.monotonic() + 300
    while b"***" not in began.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert_unsaid("the command line in ps", began.read_bytes())
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert_unsaid("the output", out + err)
    assert any(json.loads(line)["event"] == "captured" for line in out.splitlines())
    checked = subprocess.run(
        [*facedesk, "enroll", "Bob", "--source", rtsp, *options],
        cwd=REPOSITORY,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
    )
    assert checked.returncode == 3
    assert_unsaid("the output", checked.stdout + checked.stderr)
    assert_nothing_kept(tmp_path)


def test_a_fault_of_ours_is_logged_without_the_password(tmp_path: Path, http: str) -> None:
    from tui.cli.run import internal_error

    try:
        raise RuntimeError(f"no use for {http}\nnor twice {http}")
    except RuntimeError as error:
        told = internal_error(error, tmp_path)
    assert_unsaid("the message", str(told).encode())
    assert_nothing_kept(tmp_path)

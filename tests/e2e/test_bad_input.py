"""Bad input of each kind through the real command line: a clear error, its code, nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


def assert_refused(run: Any, code: int, *words: str) -> None:
    """The run failed with `code`, one sentence on stderr, an error object, and no traceback."""
    assert run.code == code, (run.code, run.out[-1000:], run.err)
    assert run.err.startswith("facedesk: ")
    assert "Traceback" not in run.err + run.out
    error = run.objects[-1]
    assert error["event"] == "error"
    assert error["exit_code"] == code
    for word in words:
        assert word.lower() in run.err.lower(), (word, run.err)


def enrol(facedesk: Any, workspace: Path, name: str = "Eileen Collins", count: int = 5) -> Any:
    """Enrol somebody from the bundled virtual camera."""
    return facedesk(
        "enroll", name, "--source", "demo:collins", "--count", count,
        "--workspace", workspace, "--json",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("split",), 4),
        (("train",), 4),
        (("export", "--keras-folders", "out"), 4),
        (("recognize", "--source", "demo:collins"), 5),
        (("model", "rollback"), 5),
        (("model", "export"), 5),
        (("people", "delete", "Nobody"), 4),
        (("people", "rename", "Nobody", "Somebody"), 4),
    ],
)
def test_an_empty_workspace_refuses_what_it_cannot_do(
    facedesk: Any, tmp_path: Path, command: tuple[str, ...], code: int
) -> None:
    run = facedesk(*command, "--workspace", tmp_path / "w", "--json", cwd=tmp_path)
    assert_refused(run, code)
    assert run.objects[-1]["hint"]


def test_an_empty_workspace_lists_nobody(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk("people", "--workspace", tmp_path / "w", "--json")
    assert (run.code, run.done["people"]) == (0, 0)


@pytest.mark.long
def test_one_person_trains_recipe_head_but_not_classic(facedesk: Any, tmp_path: Path) -> None:
    enrol(facedesk, tmp_path / "w", count=12)
    run = facedesk("train", "--recipe", "classic", "--workspace", tmp_path / "w", "--json")
    assert_refused(run, 5, "two people")
    no_views = {"FACEDESK_TRAINING__VIEWS": "0"}
    run = facedesk("train", "--epochs", "2", "--workspace", tmp_path / "w", "--json", **no_views)
    assert run.code == 0, run.err
    assert run.done["people"] == ["Eileen Collins"]


@pytest.mark.parametrize("name", ["A" * 300, "a/b", "..", "", "\u202eevil"])
def test_an_impossible_name_is_refused_before_the_camera_opens(
    facedesk: Any, tmp_path: Path, name: str
) -> None:
    run = enrol(facedesk, tmp_path / "w", name)
    assert_refused(run, 2, "name")
    assert not run.named("source_opened")


def test_a_name_may_not_start_an_option(facedesk: Any, tmp_path: Path) -> None:
    run = enrol(facedesk, tmp_path / "w", "--nonsense")
    assert_refused(run, 2)


@pytest.mark.parametrize(
    "source", ["/nowhere/clip.mp4", "demo:nobody", "/dev/video97", "97", "ftp://x/y"]
)
def test_a_source_that_does_not_exist_is_refused(
    facedesk: Any, tmp_path: Path, source: str
) -> None:
    run = facedesk("enroll", "Ada", "--source", source, "--workspace", tmp_path / "w", "--json")
    assert_refused(run, 3)
    assert run.objects[-1]["hint"]
    assert not list((tmp_path / "w" / "people").iterdir())


def test_a_zero_byte_clip_and_a_text_named_clip_are_refused(facedesk: Any, tmp_path: Path) -> None:
    for content in (b"", b"this is no film"):
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(content)
        run = facedesk("enroll", "Ada", "--source", clip, "--workspace", tmp_path / "w", "--json")
        assert_refused(run, 3)


def test_a_folder_without_faces_names_the_reason_and_enrols_nobody(
    facedesk: Any, tmp_path: Path
) -> None:
    from PIL import Image

    (tmp_path / "walls").mkdir()
    for number in range(3):
        Image.new("RGB", (320, 240), (90, 120, 60)).save(tmp_path / "walls" / f"{number}.png")
    run = facedesk(
        "enroll", "Ada", "--source", tmp_path / "walls", "--workspace", tmp_path / "w", "--json"
    )
    assert_refused(run, 4, "no face")
    assert [item["reason"] for item in run.named("refused")] == ["no_face"] * 3
    assert not list((tmp_path / "w" / "people").iterdir())


def test_a_corrupt_picture_is_reported_and_the_others_are_imported(
    facedesk: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "in" / "Eileen Collins"
    folder.mkdir(parents=True)
    shutil.copy(DEMO / "collins.png", folder / "good.png")
    (folder / "bad.png").write_bytes((DEMO / "collins.png").read_bytes()[:2000])
    run = facedesk("import", tmp_path / "in", "--workspace", tmp_path / "w", "--json")
    assert run.code == 0, run.err
    assert (run.done["people"], run.done["images"], run.done["refused"]) == (1, 1, 1)
    refused = run.named("refused")[0]
    assert refused["file"].endswith("bad.png")
    assert refused["reason"] == "unreadable"


def test_a_camera_that_ends_early_keeps_what_it_captured_and_says_so(
    facedesk: Any, tmp_path: Path
) -> None:
    run = facedesk(
        "enroll", "Eileen Collins", "--source", "demo:collins?frames=15", "--count", 9000,
        "--workspace", tmp_path / "w", "--json",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert run.done["ended"] == "source_ended"
    kept = list((tmp_path / "w" / "people").rglob("*.png"))
    assert len(kept) == run.done["captured"] > 0


def test_shares_that_do_not_sum_to_one_are_refused(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk(
        "split", "--train", "0.5", "--validation", "0.1", "--test", "0.1",
        "--workspace", tmp_path / "w", "--json",
    )  # fmt: skip
    assert_refused(run, 2, "shares")


def test_a_setting_out_of_bounds_is_a_configuration_error(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk("people", "--workspace", tmp_path / "w", "--json", FACEDESK_GATES__MIN_FACE="1")
    assert_refused(run, 2, "min_face")


def test_a_preview_window_without_a_display_is_refused(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk(
        "enroll", "Ada", "--source", "demo:collins", "--window", "--workspace", tmp_path / "w",
        "--json", DISPLAY="", WAYLAND_DISPLAY="",
    )  # fmt: skip
    assert_refused(run, 3, "display")


def test_credentials_of_a_url_are_in_no_output_and_no_log(facedesk: Any, tmp_path: Path) -> None:
    source = "http://operator:s3cr3t@127.0.0.1:9/stream"
    run = facedesk("enroll", "Ada", "--source", source, "--workspace", tmp_path / "w", "--json")
    assert_refused(run, 3)
    logs = b"".join(path.read_bytes() for path in (tmp_path / "w" / "logs").iterdir())
    assert "s3cr3t" not in run.out + run.err
    assert b"s3cr3t" not in logs


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few hundred kilobytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_stops_the_capture_and_keeps_whole_pictures(
    facedesk: Any, small_disk: Path
) -> None:
    workspace = small_disk / "w"
    run = enrol(facedesk, workspace, count=500)
    assert_refused(run, 4, "full")
    from engine.people.registry import People
    from engine.pictures import decode_crop
    from engine.workspace.folder import Workspace

    people = People(Workspace(workspace))
    kept = [path for person in people.list() for path in people.pictures(person)]
    assert len(kept) == len(run.named("captured")) > 0
    for path in kept:
        assert decode_crop(path).shape == (160, 160, 3)
    assert not list(workspace.rglob(".tmp-*"))


def test_a_read_only_workspace_is_refused_and_untouched(facedesk: Any, tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    enrol(facedesk, workspace)
    before = sorted(str(path) for path in workspace.rglob("*"))
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", workspace, workspace])
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a read-only folder")
    try:
        if os.access(workspace, os.W_OK):
            subprocess.run(["mount", "-o", "remount,ro,bind", workspace], check=True)
        run = enrol(facedesk, workspace, "Ada")
        assert_refused(run, 4, "workspace")
        listed = facedesk("people", "--workspace", workspace, "--json")
        assert listed.done["people"] == 1
    finally:
        subprocess.run(["umount", "-l", workspace], check=True)
    assert sorted(str(path) for path in workspace.rglob("*")) == before


def test_an_interrupted_capture_keeps_its_pictures_and_exits_with_130(
    app: Any, tmp_path: Path
) -> None:
    terminal = app(
        "enroll", "Eileen Collins", "--source", "demo:collins", "--count", "9000", "--pace", "own",
        "--workspace", tmp_path / "w",
    )  # fmt: skip
    terminal.wait_for(lambda text: "/9000" in text and " 0/9000" not in text)
    terminal.press("\x03")
    assert terminal.wait_exit() == 130
    said = " ".join(terminal.text.split())
    assert re.search(r"Eileen Collins: \d+ of 9000 pictures in .* \(stopped\)", said), said
    assert b"Traceback" not in terminal.raw
    assert list((tmp_path / "w" / "people").rglob("*.png"))


def test_enter_ends_a_capture_in_order(app: Any, tmp_path: Path) -> None:
    terminal = app(
        "enroll", "Eileen Collins", "--source", "demo:collins", "--count", "9000", "--pace", "own",
        "--workspace", tmp_path / "w",
    )  # fmt: skip
    terminal.wait_for(lambda text: "/9000" in text and " 0/9000" not in text)
    terminal.press("\r")
    assert terminal.wait_exit() == 0
    assert "stopped" in terminal.text

"""Strangers of the operator's own through the real command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.templates import copy_of

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


@pytest.fixture
def visitors(tmp_path: Path) -> Path:
    """A folder with one stranger in a sub-folder and one beside it."""
    folder = tmp_path / "visitors"
    (folder / "Grace").mkdir(parents=True)
    (folder / "Grace" / "1.jpg").write_bytes((DEMO / "hopper.jpg").read_bytes())
    (folder / "2.png").write_bytes((DEMO / "collins.png").read_bytes())
    (folder / "notes.txt").write_text("x")
    return folder


def listed(facedesk: Any, workspace: Path) -> dict[str, int]:
    run = facedesk("strangers", "--workspace", workspace, "--json")
    assert run.code == 0, run.err
    return {row["name"]: row["pictures"] for row in run.named("stranger")}


def test_a_folder_of_strangers_is_added_once(facedesk: Any, visitors: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    run = facedesk("strangers", "add", visitors, "--workspace", workspace, "--json")
    assert run.code == 0, run.err
    assert (run.done["added"], run.done["images"], run.done["strangers"]) == (2, 2, 2)
    assert [refused["file"] for refused in run.named("refused")] == ["notes.txt"]
    run = facedesk("strangers", "add", visitors, "--workspace", workspace, "--json")
    assert run.code == 0, run.err
    assert (run.done["added"], run.done["images"], run.done["strangers"]) == (0, 0, 2)
    assert listed(facedesk, workspace) == {"Grace": 1, "visitors 2.png": 1}
    assert facedesk("people", "--workspace", workspace, "--json").done["people"] == 0


def test_strangers_are_removed_one_by_one_or_all_at_once(
    facedesk: Any, visitors: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "w"
    facedesk("strangers", "add", visitors, "--workspace", workspace)
    facedesk("strangers", "add", "demo:hopper", "--count", 3, "--workspace", workspace)
    assert listed(facedesk, workspace)["demo hopper"] == 3
    run = facedesk("strangers", "remove", "grace", "--workspace", workspace, "--json")
    assert run.done == {"event": "done", "removed": "Grace", "pictures": 1}
    run = facedesk("strangers", "remove", "grace", "--workspace", workspace)
    assert run.code == 4
    assert "no such stranger" in run.err
    run = facedesk("strangers", "clear", "--yes", "--workspace", workspace, "--json")
    assert run.done["removed"] == 2
    assert not list((workspace / "strangers").iterdir())


@pytest.mark.shared
def test_a_clip_is_one_stranger_and_is_not_added_twice(
    facedesk: Any, clips: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "w"
    clip = clips / "grid_1.mpg"
    run = facedesk("strangers", "add", clip, "--workspace", workspace, "--json")
    assert run.code == 0, run.err
    assert (run.done["added"], run.done["images"]) == (1, 20)
    assert len(run.named("captured")) == 20
    run = facedesk("strangers", "add", clip, "--workspace", workspace)
    assert run.code == 4
    assert "there already" in run.err
    run = facedesk(
        "strangers", "add", clip, "--as", "grid_1", "--count", "5", "--workspace", workspace,
        "--json",
    )  # fmt: skip
    assert (run.done["added"], run.done["images"]) == (0, 5)
    assert listed(facedesk, workspace) == {"grid_1": 25}


def test_nothing_usable_is_an_error_with_its_cure(facedesk: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = facedesk("strangers", "add", tmp_path / "empty", "--workspace", tmp_path / "w")
    assert run.code == 4
    assert "sub-folder" in run.err
    run = facedesk("strangers", "add", tmp_path / "absent.mp4", "--workspace", tmp_path / "w")
    assert run.code == 3


@pytest.mark.long
@pytest.mark.shared
def test_strangers_move_the_threshold_without_a_training_and_it_is_told_in_words(
    facedesk: Any, clips: Path, clips_trained: Path, cut: Any, tmp_path: Path
) -> None:
    workspace = copy_of(clips_trained, tmp_path / "w").root
    run = facedesk("train", "--workspace", workspace, "--json", FACEDESK_TRAINING__VIEWS="0")
    assert run.code == 0, run.err
    (trained,) = run.named("threshold")
    assert (trained["job"], trained["measured"], trained["people"]) == ("train", 0, 3)
    assert trained["sentence"].startswith("Expected false matches: 1 %, default, not yet measured")

    # The other take of Man A, said to be a stranger: nothing could come nearer.
    run = facedesk(
        "strangers", "add", clips / "man_a_take2.mp4", "--count", "4", "--workspace", workspace,
        "--json",
    )  # fmt: skip
    assert run.code == 0, run.err
    (raised,) = run.named("threshold")
    assert raised["measured"] == 1
    assert raised["threshold"] == trained["threshold"]
    told = " ".join(raised["notes"]).lower()
    assert "the threshold of 1 person is raised" in told
    assert "299 strangers would show 1 %." in told
    assert raised["sentence"].endswith("measured on 1 stranger of yours.")

    talker = cut(clips / "grid_1.mpg", tmp_path / "talker.mp4", 15)
    run = facedesk("recognize", "--source", talker, "--workspace", workspace, "--json")
    (told,) = run.named("threshold")
    assert (told["job"], told["threshold"]) == ("recognise", pytest.approx(raised["threshold"]))
    assert min(face["threshold"] for face in run.named("face")) >= told["threshold"]
    again = cut(clips / "man_a_take2.mp4", tmp_path / "again.mp4", 15)
    run = facedesk("recognize", "--source", again, "--workspace", workspace, "--json")
    assert {face["decision"] for face in run.named("face")} <= {"unknown", "unsure"}

    facedesk("strangers", "clear", "--yes", "--workspace", workspace)
    run = facedesk("recognize", "--source", talker, "--workspace", workspace)
    assert run.code == 0, run.err
    assert "Expected false matches: 1 %" in run.err

"""Several cameras at once: one process each, and one that names who is before them.

The order of the cameras: tests/desk/test_cameras_in_rotation.py. Here a process that was just
started may come late, so nothing is said of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.templates import copy_of

FRAMES = 14


@pytest.mark.parametrize("option", ["--each", "--window", "--why", "--keep-unknown"])
def test_what_goes_with_one_source_is_refused_with_two(
    facedesk: Any, tmp_path: Path, option: str
) -> None:
    run = facedesk(
        "recognize", "--source", "demo:collins", "--source", "demo:hopper", option,
        "--workspace", tmp_path / "w",
    )  # fmt: skip
    assert run.code == 2
    assert f"{option} needs one source" in run.err


@pytest.mark.long
@pytest.mark.shared
def test_three_clips_at_once_are_named_each_by_its_own_frames(
    facedesk: Any, clips: Path, clips_trained: Path, cut: Any, tmp_path: Path
) -> None:
    workspace = ("--workspace", copy_of(clips_trained, tmp_path / "w").root, "--json")
    # Man A by another take, the others by frames that come long after those enrolled.
    sources = {
        cut(clips / "man_a_take2.mp4", tmp_path / "a.mp4", FRAMES, 200): "Man A",
        cut(clips / "man_b.mp4", tmp_path / "b.mp4", FRAMES, 2000): "Man B",
        cut(clips / "woman_a.mp4", tmp_path / "c.mp4", FRAMES, 200): "Woman A",
    }
    given = [part for source in sources for part in ("--source", source)]
    run = facedesk("recognize", *given, *workspace)
    assert run.code == 0, run.err
    assert (run.done["frames"], run.done["dropped"]) == (FRAMES * len(sources), 0)

    faces = run.named("face")
    named: defaultdict[str, Counter[str]] = defaultdict(Counter)
    tracks: defaultdict[str, set[int]] = defaultdict(set)
    frames: defaultdict[str, list[int]] = defaultdict(list)
    for face in faces:
        frames[face["source"]].append(face["frame"])
        named[face["source"]][face["person"] or face["decision"]] += 1
        tracks[face["source"]].add(face["track"])
    for source, person in sources.items():
        assert named[str(source)][person] >= FRAMES // 2, named
        assert set(named[str(source)]) <= {person, "unsure"}, named
        assert frames[str(source)] == sorted(frames[str(source)])
    assert sum(map(len, tracks.values())) == len(set().union(*tracks.values()))

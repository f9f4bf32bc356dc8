"""The whole job through the real command line, on real clips: enrol, split, train, recognise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.model.record import ModelDraft
from engine.model.store import ModelStore
from engine.workspace.folder import Workspace

pytestmark = pytest.mark.shared

COUNT = 12
NO_VIEWS = {"FACEDESK_TRAINING__VIEWS": "0"}
"""Augmented views would cost two thirds of the time; they are trained in the floors."""
MAN_A, MAN_B = "Man A", "Mán B"


@pytest.fixture(scope="module")
def enrolled(facedesk: Any, clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two people from real clips, split."""
    workspace = tmp_path_factory.mktemp("job") / "workspace"
    for name, clip in ((MAN_A, "man_a_take1.mp4"), (MAN_B, "man_b.mp4")):
        run = facedesk(
            "enroll", name, "--source", clips / clip, "--count", COUNT,
            "--workspace", workspace, "--json",
        )  # fmt: skip
        assert run.code == 0, run.err
        done = run.done
        assert (done["person"], done["captured"]) == (name, COUNT)
        assert len(run.named("captured")) == COUNT
        assert sum(done["refused"].values()) == len(run.named("refused"))
        assert all({"reason", "value"} <= set(item) for item in run.named("refused"))
    run = facedesk("split", "--workspace", workspace, "--json")
    assert run.code == 0, run.err
    assert set(run.done["people"]) == {MAN_A, MAN_B}
    assert run.done["train"] + run.done["validation"] + run.done["test"] == 2 * COUNT
    assert any("figures are optimistic" in each["text"] for each in run.done["warnings"])
    return workspace


@pytest.fixture(scope="module")
def shown(clips: Path, cut: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Man A's other take and two GRID talkers: of each as many frames as make a majority.

    All are looked at, however fast the machine is. The floors have all five.
    """
    folder = tmp_path_factory.mktemp("clips")
    found = {"take 2": cut(clips / "man_a_take2.mp4", folder / "take2.mp4", 20)}
    for number in (1, 2):
        talker = f"grid_{number}"
        found[talker] = cut(clips / f"{talker}.mpg", folder / f"{talker}.mp4", 15)
    return found


def trained(facedesk: Any, workspace: Path, *options: object) -> dict[str, Any]:
    """Train; the `done` object, after checking the epochs."""
    run = facedesk("train", *options, "--workspace", workspace, "--json", **NO_VIEWS)
    assert run.code == 0, run.err
    counted = run.named("features")[-1]
    assert counted["done"] == counted["total"] > 0
    epochs = run.named("epoch")
    fields = {
        "epoch", "epochs", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate",
        "seconds", "best",
    }  # fmt: skip
    assert all(fields <= set(epoch) for epoch in epochs)
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, run.done["epochs"] + 1))
    assert run.done["promoted"]
    return run.done


def decisions(facedesk: Any, workspace: Path, *sources: Path) -> dict[Path, Counter[str]]:
    """Faces of each clip decided each way; "unsure" ones left out."""
    given = [part for source in sources for part in ("--source", source)]
    run = facedesk("recognize", *given, "--pace", "fast", "--workspace", workspace, "--json")
    assert run.code == 0, run.err
    faces = run.named("face")
    assert run.done["faces"] == len(faces) > 0
    fields = {"source", "frame", "box", "candidate", "score", "threshold", "person", "votes"}
    assert all(fields <= set(face) for face in faces)
    assert all((face["person"] is not None) == (face["decision"] == "known") for face in faces)
    counts: dict[Path, Counter[str]] = {source: Counter() for source in sources}
    for face in faces:
        if face["decision"] != "unsure":
            counts[Path(face["source"])][face["person"] or "unknown"] += 1
    return counts


def assert_people_are_told_apart(
    facedesk: Any, workspace: Path, shown: dict[str, Path], talkers: tuple[int, ...]
) -> None:
    """Take 2 is man A by majority, each GRID talker is unknown by majority."""
    names = "take 2", *(f"grid_{number}" for number in talkers)
    take2, *strangers = decisions(facedesk, workspace, *(shown[name] for name in names)).values()
    assert max(take2, key=lambda who: take2[who]) == MAN_A, take2
    assert MAN_B not in take2
    for number, found in zip(talkers, strangers, strict=True):
        assert max(found, key=lambda who: found[who]) == "unknown", (number, found)


@pytest.fixture(scope="module")
def head(facedesk: Any, enrolled: Path) -> dict[str, Any]:
    """The workspace trained by the default recipe; the `done` object."""
    return trained(facedesk, enrolled)


def test_recipe_head_names_the_enrolled_man_and_calls_strangers_unknown(
    facedesk: Any, enrolled: Path, head: dict[str, Any], shown: dict[str, Path]
) -> None:
    assert head["recipe"] == "head"
    assert head["metrics"]["rank1_validation"] == 1.0
    assert_people_are_told_apart(facedesk, enrolled, shown, talkers=(1,))


@pytest.mark.long
def test_recipe_classic_names_the_enrolled_man_and_calls_strangers_unknown(
    facedesk: Any, enrolled: Path, shown: dict[str, Path], tmp_path: Path
) -> None:
    done = trained(facedesk, enrolled, "--recipe", "classic", "--epochs", "2")
    assert done["recipe"] == "classic"
    # The score decides in both recipes: one of the talkers that come nearest is enough.
    assert_people_are_told_apart(facedesk, enrolled, shown, talkers=(2,))

    # Here, because a training of this recipe takes long: the model as one Keras file.
    file, model = tmp_path / "identity_vgg.keras", done["model"]
    run = facedesk("model", "export", file, "--model", model, "--workspace", enrolled, "--json")
    assert run.code == 0, run.err
    assert file.stat().st_size == run.done["bytes"] > 10_000_000


def test_a_rollback_returns_to_the_model_before(facedesk: Any, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    workspace.prepare()
    store = ModelStore(workspace)
    made = ModelDraft(
        recipe="head", people=[("man-a", MAN_A, "r")], centres=np.eye(1, 4, dtype=np.float32)
    )
    first, second = (store.promote(store.save(made).id).id for _ in range(2))
    at = ("--workspace", workspace.root, "--json")
    listed = facedesk("model", "list", *at).named("model")
    assert [each["model"] for each in listed if each["current"]] == [second]
    assert facedesk("model", "rollback", *at).done["model"] == first
    listed = facedesk("model", "list", *at).named("model")
    assert [each["model"] for each in listed if each["current"]] == [first]


def test_the_split_is_exported_as_keras_folders(
    facedesk: Any, enrolled: Path, tmp_path: Path
) -> None:
    run = facedesk("export", "--keras-folders", tmp_path / "out", "--workspace", enrolled, "--json")
    assert run.code == 0, run.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"train", "validation", "test"}
    assert len(list((tmp_path / "out").rglob("*.png"))) == run.done["files"] == 2 * COUNT


def test_each_picture_of_a_folder_gives_exactly_one_line(
    facedesk: Any, enrolled: Path, head: dict[str, Any], lfw: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "probes"
    folder.mkdir()
    strangers = sorted((lfw / "strangers").rglob("*.jpg"))[:3]
    for number, picture in enumerate(strangers):
        (folder / f"{number}.jpg").write_bytes(picture.read_bytes())
    (folder / "broken.jpg").write_bytes(strangers[0].read_bytes()[:300])
    run = facedesk("recognize", "--source", folder, "--each", "--workspace", enrolled, "--json")
    assert run.code == 0, run.err
    lines = [o for o in run.objects if o["event"] in ("face", "no_face")]
    assert [line["source"] for line in lines] == [*(f"{n}.jpg" for n in range(3)), "broken.jpg"]
    assert (lines[-1]["event"], lines[-1]["unread"]) == ("no_face", True)

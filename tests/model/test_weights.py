from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt, ModelError
from engine.model import weights as module
from engine.model.arrays import pack
from engine.model.weights import Weights, expected_shapes, load_weights
from fit.convert_weights import convert, main


def test_the_packaged_values_are_the_published_ones(weights: Weights) -> None:
    first_kernel, first_bias = weights.layer("block1_conv1")
    last_kernel, last_bias = weights.layer("block5_conv3")
    found = [first_kernel.flat[0], first_bias[0], last_kernel.flat[0], last_bias[0]]
    assert found == pytest.approx([0.42947057, 0.73429835, 0.00040788297, 0.18837857], rel=5e-4)


def test_thirteen_convolutions_with_fourteen_million_parameters(weights: Weights) -> None:
    assert len(weights.arrays) == 26
    assert sum(array.size for array in weights.arrays.values()) == 14_714_688


def test_one_flipped_byte_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "vgg16.npz"
    data = bytearray(module.PACKAGED.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    monkeypatch.setattr(module, "PACKAGED", copy)
    with pytest.raises(ModelCorrupt) as caught:
        load_weights()
    assert "SHA-256" in caught.value.message
    assert caught.value.hint


def test_a_copy_at_a_path_has_the_same_digest(weights: Weights, tmp_path: Path) -> None:
    copy = shutil.copy(module.PACKAGED, tmp_path / "mine.npz")
    assert load_weights(str(copy)).digest == weights.digest


@pytest.mark.shared
def test_a_keras_file_is_read_and_rounds_to_the_packaged_values(
    weights: Weights, keras_file: Path
) -> None:
    original = load_weights(str(keras_file))
    assert original.digest != weights.digest
    for name, array in original.arrays.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array.astype(np.float16), weights.arrays[name])


@pytest.mark.shared
def test_converting_gives_the_packaged_file_byte_for_byte(keras_file: Path, tmp_path: Path) -> None:
    assert convert(str(keras_file), tmp_path / "again.npz") == module.PACKAGED_SHA256
    assert (tmp_path / "again.npz").read_bytes() == module.PACKAGED.read_bytes()


def test_the_older_keras_layout_is_read_too(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        for name in expected_shapes():
            layer, part = name.rsplit("_", 1)
            file[f"{layer}/{layer}_{part[0].upper()}_1:0"] = weights.arrays[name]
    assert load_weights(str(path)).layer("block3_conv2")[0].shape == (3, 3, 256, 256)


@pytest.mark.parametrize("damage", ["missing", "shape", "nan", "type"])
def test_wrong_arrays_are_refused(weights: Weights, tmp_path: Path, damage: str) -> None:
    arrays = dict(weights.arrays)
    name = "block2_conv1_bias"
    if damage == "missing":
        del arrays[name]
    elif damage == "shape":
        arrays[name] = arrays[name][:-1]
    elif damage == "nan":
        arrays[name] = np.full_like(arrays[name], np.nan)
    else:
        arrays[name] = arrays[name].astype(np.int32)
    path = tmp_path / "wrong.npz"
    path.write_bytes(pack(arrays))
    with pytest.raises(ModelCorrupt) as caught:
        load_weights(str(path))
    assert name in caught.value.message


@pytest.mark.parametrize("content", [module.HDF5 + bytes(64), module.ZIP + bytes(64)])
def test_a_file_of_the_right_kind_that_is_cut_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cut"
    path.write_bytes(content)
    with pytest.raises(ModelCorrupt, match="damaged"):
        load_weights(str(path))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"<html><head>", "a web page"),
        (b"\x93NUMPY\x01\x00", ".npy"),
        (b"\x1c\x00\x00\x00TFL3\x14\x00", "TensorFlow Lite"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x80\x04\x95", "a pickle"),
        (b'\x40\x00\x00\x00\x00\x00\x00\x00{"a":{}}', "safetensors"),
        (b"not an archive", "no kind that Facedesk knows"),
    ],
)
def test_a_file_of_another_kind_is_named_and_not_called_damaged(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    path = tmp_path / "something"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_weights(str(path))
    assert kind in caught.value.message
    assert str(path) in caught.value.message
    assert "damaged" not in str(caught.value)
    assert "Choose an .npz of Facedesk's or a Keras 'notop' .h5" in caught.value.hint


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (("metadata.json", "config.json", "model.weights.h5"), "a whole Keras model, .keras"),
        (("archive/data.pkl", "archive/version"), "a PyTorch file"),
        (("readme.txt",), "a ZIP archive without arrays"),
    ],
)
def test_an_archive_of_something_else_is_named(
    tmp_path: Path, members: tuple[str, ...], kind: str
) -> None:
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, b"x")
    with pytest.raises(ModelError, match=kind):
        load_weights(str(path))


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [
        ("layers/conv2d/vars/0", ".weights.h5"),
        ("_layer_checkpoint_dependencies/conv2d/vars/0", ".weights.h5"),
        ("conv/kernel:0", "another network"),
    ],
)
def test_an_hdf5_file_of_something_else_is_named(tmp_path: Path, dataset: str, kind: str) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file[dataset] = np.zeros((3, 3))
    with pytest.raises(ModelError, match=kind) as caught:
        load_weights(str(path))
    assert not isinstance(caught.value, ModelCorrupt)


def test_a_vgg16_file_without_one_of_its_layers_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["block1_conv1/kernel:0"] = np.zeros((3, 3, 3, 64))
    with pytest.raises(ModelCorrupt, match="damaged"):
        load_weights(str(path))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_weights(str(tmp_path / "absent.npz"))
    assert "absent.npz" in caught.value.message
    assert not isinstance(caught.value, ModelCorrupt)


def test_a_model_that_names_the_download_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="not here"):
        load_weights("imagenet", fetch=False)


def test_the_converter_returns_the_exit_code_of_model_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vgg16", str(tmp_path / "absent.h5"), "--out", str(tmp_path / "out.npz")]) == 5
    assert "absent.h5" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()

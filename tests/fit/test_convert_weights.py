"""dlib's own file becomes the packaged file of the face network; another file is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract.errors import ModelCorrupt, ModelError
from engine.model.arrays import unpack
from fit.convert_weights import convert_resnet, main, shapes_of_resnet


def whole(number: int) -> bytes:
    """A whole number as dlib writes it."""
    length = (number.bit_length() + 7) // 8
    return bytes([length]) + number.to_bytes(length, "little")


def layer(name: str, values: NDArray[np.float32], *numbers: int) -> bytes:
    """Name and parameters of a layer, and a bit of what else dlib writes."""
    head = whole(len(name)) + name.encode() + b"".join(map(whole, numbers))
    shape = b"".join(map(whole, (values.size, 1, 1, 1)))
    return head + whole(2) + shape + values.astype("<f4").tobytes() + b"\1\0\1\1\0\0\x80?"


def layers(number: float) -> Iterator[bytes]:
    """A network whose kernels are 2, biases 1, factors `number` and offsets 4."""
    for name, shape in shapes_of_resnet().items():
        size = int(np.prod(shape))
        if name.endswith("_bias"):
            yield np.repeat(np.float32([1]), size).tobytes() + b"\1\0"
            yield layer("affine_", np.repeat(np.float32([number, 4]), size))
        elif name == "embedding_kernel":
            yield layer("fc_2", np.arange(size, dtype=np.float32) % 7, 128, 256)
        else:
            # Kernel and bias are one tensor; the bias follows as the next name comes.
            channels = shape[-1]
            head = b"\1\5con_4" + whole(2) + whole(size + channels) + whole(1) * 3
            kernel = np.full((channels, shape[2], shape[0], shape[1]), 2, np.float32)
            kernel[..., 0] = 3  # the first column, to see that axes are turned rightly
            yield head + kernel.tobytes()


@pytest.fixture(scope="module")
def stream() -> bytes:
    return b"\1\1\1\rloss_metric_2" + b"".join(layers(3.0)) + b"\1\0" * 9


@pytest.fixture
def dat(stream: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "network.dat"
    path.write_bytes(stream)
    return path


def test_affine_layers_are_folded_in_and_axes_turned(dat: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    digest = convert_resnet(str(dat), out)
    assert digest == hashlib.sha256(out.read_bytes()).hexdigest()
    arrays = unpack(out.read_bytes(), "out")
    assert {name: array.shape for name, array in arrays.items()} == shapes_of_resnet()
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    kernel = arrays["conv64_down_conv1_kernel"]
    assert (kernel[:, 0] == 3 * 3).all()
    assert (kernel[:, 1:] == 2 * 3).all()
    assert (arrays["conv64_down_conv1_bias"] == 1 * 3 + 4).all()
    assert (arrays["embedding_kernel"].reshape(-1) == np.arange(256 * 128) % 7).all()


def test_the_command_writes_the_file_and_says_its_digest(
    dat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made" / "out.npz"
    assert main(["resnet", str(dat), "--out", str(out)]) == 0
    assert hashlib.sha256(out.read_bytes()).hexdigest() in capsys.readouterr().out


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_file_that_is_cut_short_is_refused(stream: bytes, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "cut.dat"
    path.write_bytes(stream[: int(kept * len(stream))])
    with pytest.raises(ModelCorrupt):
        convert_resnet(str(path), tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


def test_a_network_with_more_layers_is_refused(stream: bytes, tmp_path: Path) -> None:
    path = tmp_path / "more.dat"
    path.write_bytes(stream + layer("affine_", np.zeros(64, np.float32)))
    with pytest.raises(ModelCorrupt, match="more layers"):
        convert_resnet(str(path), tmp_path / "out.npz")


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.dat"
    path.write_bytes(b"".join(layers(float("nan"))))
    with pytest.raises(ModelCorrupt, match="conv32_down"):
        convert_resnet(str(path), tmp_path / "out.npz")


def test_an_absent_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = str(tmp_path / "absent.dat")
    with pytest.raises(ModelError, match=r"absent\.dat"):
        convert_resnet(absent, tmp_path / "out.npz")
    assert main(["resnet", absent, "--out", str(tmp_path / "out.npz")]) > 0
    assert "absent.dat" in capsys.readouterr().err

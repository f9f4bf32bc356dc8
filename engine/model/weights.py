"""VGG16's thirteen convolutions: packaged, from a file, or downloaded when asked to.

K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015 (arXiv:1409.1556). The packaged copy is theirs in float16, licensed
CC BY 4.0 (see LICENSES/VGG16-CC-BY-4.0.txt).
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import ModelCorrupt, ModelError
from engine.model.arrays import unpack
from engine.model.vgg16 import BLOCKS, PARTS, BackboneRow
from engine.shortage import refuse_shortage
from engine.workspace.files import open_regular

PACKAGED = Path(__file__).parent / "weights" / "vgg16_notop_float16.npz"
PACKAGED_SHA256 = "9ec8530830661b7172c97ea784ef305ec7652726b4caa7f52a5b021e3bc0122d"
PACKAGED_DIGEST = "47b7d69f0267001707dac7233ab1330cffcf32a4001914547f93ef8c2dda81f5"
"""`Weights.digest` of that file's arrays, so that they need not be unpacked to know it."""

LARGEST_FILE = 1 << 30
LONGEST_START = 512
"""Bytes by which a file's kind is told."""
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
KINDS: tuple[tuple[bytes, int, str], ...] = (
    (b"version https://git-lfs", 0, "a Git LFS pointer, not the file itself: `git lfs pull`"),
    (b"\x93NUMPY", 0, "a single array of numpy's, .npy"),
    (b"TFL3", 4, "a TensorFlow Lite network"),
    (b"\x1f\x8b", 0, "packed by gzip: unpack it first"),
    (b"\x80", 0, "a pickle, which can run code and is never opened"),
    (b'{"', 8, "a safetensors file"),
)
"""Bytes, where they stand in a file, and what it is then."""

_IMAGENET_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
_IMAGENET_URL = (
    f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{_IMAGENET_FILE}"
)
_IMAGENET_MD5 = "6d6bbae143d832006294945121d1f1fc"


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Kernels and biases by name: `block1_conv1_kernel` (3, 3, in, out), `block1_conv1_bias`.

    float16 or float32, as stored. `digest` is the SHA-256 of names, types, shapes and values:
    the same numbers have the same digest wherever they came from.
    """

    arrays: Mapping[str, NDArray[Any]]
    source: str
    digest: str

    def layer(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Kernel (height, width, in, out) and bias (out,) of one convolution, float32."""
        return (
            self.arrays[f"{name}_kernel"].astype(np.float32),
            self.arrays[f"{name}_bias"].astype(np.float32),
        )


_UNPACKING = threading.Lock()


class _Packaged(Mapping[str, NDArray[Any]]):
    """The packaged arrays, unpacked when first asked for.

    A network that is kept compiled needs none of them, and unpacking takes a third of a second.
    """

    @cached_property
    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        _check_packaged()
        return _load_npz(PACKAGED, "the packaged VGG16 weights").arrays

    def __getitem__(self, name: str) -> NDArray[Any]:
        with _UNPACKING:  # once, whichever threads ask
            return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(expected_shapes())

    def __len__(self) -> int:
        return len(expected_shapes())


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every array, in the network's order."""
    shapes: dict[str, tuple[int, ...]] = {}
    before = 3
    for block, (convolutions, channels) in enumerate(BLOCKS, 1):
        for convolution in range(1, convolutions + 1):
            name = f"block{block}_conv{convolution}"
            shapes[f"{name}_kernel"] = (3, 3, before, channels)
            shapes[f"{name}_bias"] = (channels,)
            before = channels
    return shapes


def load_weights(source: str | None = None, *, fetch: bool = True) -> Weights:
    """Load VGG16's convolutions.

    `source`: None for the packaged float16 copy; a path to an `.npz` of ours or to a Keras
    "notop" HDF5 file; or `imagenet` for Keras' download, the only thing here that uses the
    network; without `fetch`, for what Keras has downloaded before. The packaged file is compared
    with its digest here, and unpacked when its arrays are used. Raises ModelCorrupt if a digest,
    shape or type is wrong, ModelError if the file is of another kind, cannot be read or fetched.
    """
    if source is None:
        _check_packaged()
        return Weights(_Packaged(), "the packaged VGG16 weights", PACKAGED_DIGEST)
    if source == "imagenet":
        return _load_hdf5(_download() if fetch else _downloaded(), "imagenet")
    path = Path(source).expanduser()
    start = _read(path, LONGEST_START)
    if start.startswith(HDF5):
        return _load_hdf5(path, str(path))
    if kind := _kind(path, start):
        raise _other_kind(path, kind)
    return _load_npz(path, str(path))


def checked(arrays: Mapping[str, NDArray[Any]], source: str) -> Weights:
    """Weights from arrays, after checking names, shapes, types and that all are finite."""
    shapes = expected_shapes()
    for name, shape in shapes.items():
        if name not in arrays:
            raise _corrupt(source, f"{name} is missing")
        array = arrays[name]
        if array.shape != shape or array.dtype not in (np.float16, np.float32):
            raise _corrupt(source, f"{name} is {array.dtype} {array.shape}, should be {shape}")
        if not np.isfinite(array).all():
            raise _corrupt(source, f"{name} holds values that are not finite")
    digest = hashlib.sha256()
    for name in shapes:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return Weights({name: arrays[name] for name in shapes}, source, digest.hexdigest())


def _check_packaged() -> None:
    """Raise ModelCorrupt if the packaged file is not the one that was packaged."""
    try:
        with PACKAGED.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(PACKAGED, error) from error
    if digest != PACKAGED_SHA256:
        raise ModelCorrupt(
            "The VGG16 weights are damaged",
            f"{PACKAGED.name} does not match its recorded SHA-256",
            "Install Facedesk again.",
        )


def _load_npz(path: Path, source: str) -> Weights:
    try:
        return checked(unpack(_read(path), path.name), source)
    except ModelCorrupt as error:
        raise _corrupt(source, error.message) from error


def _load_hdf5(path: Path, source: str) -> Weights:
    """Read the datasets as plain arrays: nothing in the file is ever executed."""
    import h5py  # a dependency of TensorFlow; only foreign weights need it

    arrays: dict[str, NDArray[Any]] = {}
    shapes = expected_shapes()
    try:
        with h5py.File(path, "r") as file:
            if kind := _hdf5_kind(file):
                raise _other_kind(path, kind)
            root = file.get("model_weights", file)
            for name in {key.rsplit("_", 1)[0] for key in shapes}:
                found: list[Any] = []
                # Keras versions disagree on the datasets' names, never on their number of axes.
                root[name].visititems(lambda _, item, found=found: found.append(item))
                for item in (i for i in found if isinstance(i, h5py.Dataset)):
                    key = f"{name}_{'kernel' if item.ndim == 4 else 'bias'}"
                    if item.shape != shapes[key]:
                        raise _corrupt(source, f"{key} is {item.shape}, should be {shapes[key]}")
                    arrays[key] = np.asarray(item[()], np.float32)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        refuse_shortage(error)
        raise _corrupt(source, f"not a VGG16 'notop' weights file: {error}") from error
    return checked(arrays, source)


def _kind(path: Path, start: bytes) -> str:
    """What a file that is no HDF5 is, if it is no archive of arrays either; empty if it is one, or
    nothing that has a name."""
    if not start:
        return "an empty file"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page: the download gave that instead of the file"
    if not start.startswith(ZIP):
        found = (kind for mark, place, kind in KINDS if start.startswith(mark, place))
        return next(found, "of no kind that Facedesk knows")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return ""  # `unpack` says what is wrong with it
    if "model.weights.h5" in names:
        return "a whole Keras model, .keras"
    if any(name.endswith("/data.pkl") for name in names):
        return "a PyTorch file, which can run code and is never opened"
    return "" if any(name.endswith(".npy") for name in names) else "a ZIP archive without arrays"


def _hdf5_kind(file: Any) -> str:
    """What an open HDF5 file is if it holds no VGG16 weights by the names of its layers."""
    root = file.get("model_weights", file)
    if any(name.startswith(f"block{block}_conv") for name in root for block in range(1, 6)):
        return ""
    layers = root.get("layers", root.get("_layer_checkpoint_dependencies"))
    if layers is not None:
        return "Keras' newer weights file, .weights.h5, which does not name its layers"
    return "an HDF5 file of another network"


def _other_kind(path: Path, kind: str) -> ModelError:
    return ModelError(
        "The file holds no VGG16 weights that can be read",
        f"{path} is {kind}",
        "Choose an .npz of Facedesk's or a Keras 'notop' .h5, or leave the weights out.",
    )


def _download() -> Path:
    import keras

    try:
        fetched = keras.utils.get_file(
            _IMAGENET_FILE, _IMAGENET_URL, cache_subdir="models", file_hash=_IMAGENET_MD5
        )
    except Exception as error:  # Keras raises bare Exception, urllib's and its own
        refuse_shortage(error)
        raise ModelError(
            "The VGG16 weights could not be downloaded",
            str(error),
            "Check the network, or leave the weights out.",
        ) from error
    return Path(fetched)


def _downloaded() -> Path:
    """Where Keras keeps its download; without importing Keras, which need not be there."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    path = Path(home).expanduser() / "models" / _IMAGENET_FILE
    if not path.is_file():
        raise ModelError(
            "The model needs VGG16 weights that are not here",
            f"Keras' download is not at {path}",
            "Train again with the weights imagenet: that fetches them.",
        )
    return path


def _read(path: Path, most: int | None = None) -> bytes:
    """The first `most` bytes of a file, or all of one that is not too large."""
    try:
        size = path.stat().st_size if most is None else most
        if size > LARGEST_FILE:
            raise _corrupt(str(path), f"it is {size:,} bytes long")
        with open_regular(path) as file:
            return file.read(size)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ModelError:
    refuse_shortage(error)
    return ModelError(
        "The VGG16 weights cannot be read",
        f"{path}: {error.strerror}",
        "Choose an .npz or Keras 'notop' .h5 file, or leave the weights out.",
    )


def _corrupt(source: str, reason: str) -> ModelCorrupt:
    return ModelCorrupt(
        "The VGG16 weights are damaged",
        f"{source}: {reason}",
        "Get the file again, or leave the weights out.",
    )


BACKBONE = BackboneRow(
    name="vgg16",
    title="VGG16",
    judges="VGG16 judges alone",
    space="face_space.npz",
    # Photographs of one person on two days are as far apart here as two people before one camera.
    alike=0.12,
    two_faces=None,
    fit={"parts": PARTS},
    weights=(PACKAGED, PACKAGED_SHA256),
    licence="CC BY 4.0",
    takes_weights=True,
    openvino="engine.model.openvino_rows:OpenVinoExtractor",
    keras="engine.model.keras_networks:KerasExtractor",
)

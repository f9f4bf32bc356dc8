"""Make the packaged weights: `python -m engine.model.convert_weights KERAS.h5 --out FILE.npz`.

Reads a Keras VGG16 "notop" HDF5 file, checks every shape, rounds to float16 and prints the
SHA-256 that belongs into `engine.model.weights.PACKAGED_SHA256`. Float16 keeps 11 significant
bits; the features move by less than 0.1 %, below what bfloat16 arithmetic moves them.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

from engine.errors import FacedeskError
from engine.model.arrays import pack
from engine.model.weights import PACKAGED, load_weights


def convert(source: str, destination: Path) -> str:
    """Write `destination` (float16 `.npz`) from `source`; return its SHA-256 in hex."""
    weights = load_weights(source)
    data = pack({name: array.astype(np.float16) for name, array in weights.arrays.items()})
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", help="Keras 'notop' .h5 file, an .npz of ours, or imagenet")
    parser.add_argument("--out", type=Path, default=PACKAGED, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    try:
        digest = convert(chosen.source, chosen.out)
    except FacedeskError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    print(f"{digest}  {chosen.out} ({chosen.out.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

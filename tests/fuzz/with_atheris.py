"""The same targets driven by atheris (libFuzzer), where it is installed: guided by coverage."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS, TYPED


def drive(name: str, inputs: int, seed: int) -> int:
    """Let atheris try `inputs` inputs, starting from the target's seeds."""
    import atheris  # optional: pip install atheris

    target = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-") as corpus:
        for number, each in enumerate(target.seeds()):
            (Path(corpus) / f"seed-{number}").write_bytes(each.prefix + each.body)

        def once(data: bytes) -> None:
            with contextlib.suppress(*TYPED):
                target.run(data)

        atheris.instrument_all()
        options = [f"-runs={inputs}", f"-seed={seed}", "-timeout=5", "-rss_limit_mb=1500"]
        atheris.Setup([sys.argv[0], *options, corpus], once)
        atheris.Fuzz()
    return 0

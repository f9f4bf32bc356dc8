"""The same targets driven by atheris (libFuzzer), guided by which of our lines an input reaches.

`python -m tests.fuzz.with_atheris TARGET INPUTS [SEED]`; atheris is no dependency: pip install it.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["engine", "tui"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS, TYPED


def main() -> None:
    """Try so many inputs, starting from the target's seeds; libFuzzer reports and exits."""
    name, inputs, seed = (*sys.argv[1:], "1")[:3]
    target = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-") as corpus:
        for number, each in enumerate(target.seeds()):
            (Path(corpus) / f"seed-{number}").write_bytes(each.prefix + each.body)

        def once(data: bytes) -> None:
            with contextlib.suppress(*TYPED):
                target.run(data)

        options = [f"-runs={inputs}", f"-seed={seed}", "-timeout=30", "-rss_limit_mb=1500"]
        atheris.Setup([sys.argv[0], *options, corpus], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

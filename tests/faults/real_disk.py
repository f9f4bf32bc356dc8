"""The command line on a disk that is really full, and on one that is really read-only.

Run by test_real_disks.py in a mount namespace of its own, on a tmpfs mounted at the folder that is
its argument. Prints one JSON line a command: what it was, its exit code, what it said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from engine.machine import calm_blas

calm_blas()

from engine.workspace.files import write_bytes  # noqa: E402
from engine.workspace.folder import Workspace  # noqa: E402
from tests.faults.forked import Forked, command  # noqa: E402
from tests.faults.soak_jobs import DEMO  # noqa: E402
from tests.faults.wholeness import faults  # noqa: E402

ENROLL = ("enroll", "Eileen Collins", "--source", "demo:collins?frames=200", "--pace", "fast")
LOOK = ("recognize", "--source", "demo:hopper?frames=20", "--pace", "fast")


class Disk:
    """The workspace on the small disk."""

    def __init__(self, mounted: Path) -> None:
        self.mounted = mounted
        self.workspace = Workspace(mounted / "workspace")
        self._output = mounted.parent / "output.txt"

    def run(self, when: str, *words: str) -> None:
        """One command; what it said on standard error, and what is not whole after it."""
        process = Forked(command(*words, "--workspace", self.workspace.root), self._output)
        code = process.wait(300)
        print(
            json.dumps(
                {
                    "when": when,
                    "command": " ".join(words[:2]),
                    "code": code,
                    "said": process.text(),
                    "wrong": faults(self.workspace, recovered=False),
                }
            ),
            flush=True,
        )

    def fill(self, but: int) -> Path:
        """Leave so many bytes; the file that has to go for there to be space again."""
        ballast = self.mounted / "ballast"
        free = os.statvfs(self.mounted).f_bavail * os.statvfs(self.mounted).f_frsize
        with open(ballast, "wb") as file:
            file.write(bytes(max(0, free - but)))
        return ballast


def main(mounted: Path) -> None:
    """Fill, empty, close and open the disk while commands run."""
    disk = Disk(mounted)
    photographs = mounted.parent / "photographs" / "Grace Hopper"
    photographs.mkdir(parents=True)
    write_bytes(photographs / "1.jpg", (DEMO / "hopper.jpg").read_bytes())

    ballast = disk.fill(but=200_000)
    disk.run("full", *ENROLL, "--count", "40")
    ballast.unlink()
    disk.run("empty", *ENROLL, "--count", "12")
    ballast = disk.fill(but=16_000)
    disk.run("full", "import", str(photographs.parent))
    disk.run("full", "train", "--epochs", "3")
    disk.run("full", "people", "delete", "Eileen Collins", "--yes")
    ballast.unlink()
    disk.run("empty", "import", str(photographs.parent))
    disk.run("empty", "train", "--epochs", "3")

    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    for words in (
        ("people",),
        LOOK,
        ("evaluate",),
        ("doctor",),
        ("trash", "list"),
        ("model", "list"),
    ):
        disk.run("read-only", *words)
    for words in (
        (*ENROLL, "--count", "3"),
        ("import", str(photographs.parent)),
        ("split",),
        ("train", "--epochs", "3"),
        ("people", "rename", "Grace Hopper", "Ada"),
        ("people", "delete", "Grace Hopper", "--yes"),
        ("trash", "undo"),
        ("model", "rollback"),
        ("unknown", "on", "--yes"),
    ):
        disk.run("refused", *words)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

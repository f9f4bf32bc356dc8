"""Kill `facedesk vault create` and `remove` again and again with SIGKILL; nothing may be lost.

    PYTHONPATH=. python tests/workspace/vault/soak.py WORKSPACE [KILLS [SEED]]

WORKSPACE is a plain one with people, better a copy: it ends as it began, byte by byte, or this
says what differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.workspace.vault.opened import PLAIN

BARE = PLAIN


class Soak:
    """One workspace that is converted there and back, and killed at it."""

    def __init__(self, root: Path, key: Path, seed: int) -> None:
        self._root, self._key = root, key
        self._random = random.Random(seed)
        self.kills = 0

    def tree(self) -> dict[str, str]:
        """Digest of each file that is converted."""
        return {
            path.relative_to(self._root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self._files()
        }

    def round(self) -> None:
        """There and back, each killed until it happens to end by itself."""
        for words, wanted in (
            (("create", "--key-file", str(self._key)), "sealed"),
            (("remove", "--yes"), None),
        ):
            while True:
                self._killed(words)
                people = self._run("people", "list", "--json")
                status = json.loads(self._run("vault", "--json").splitlines()[-1])
                assert '"name"' in people, people
                if status.get("state") == wanted:
                    break

    def _killed(self, words: tuple[str, ...]) -> None:
        """Run a command, and kill it a moment after it has touched the first file."""
        before = self._sealed()
        process = subprocess.Popen(self._command("vault", *words), **self._how())
        while process.poll() is None and self._sealed() == before:
            time.sleep(0.002)
        time.sleep(self._random.random() * 0.4)
        process.kill()
        self.kills += process.wait() == -9

    def _run(self, *words: str) -> str:
        run = subprocess.run(self._command(*words), **self._how(), text=True, check=False)
        assert run.returncode == 0, run.stdout
        return run.stdout

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tui", "--workspace", str(self._root), *words]

    def _how(self) -> dict[str, object]:
        return {
            "env": {**os.environ, "FACEDESK_VAULT__KEY_FILE": str(self._key)},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }

    def _sealed(self) -> int:
        return sum(path.read_bytes()[:2] in (b"\x8fF", b"FD") for path in self._files())

    def _files(self) -> list[Path]:
        return [
            path
            for path in sorted(self._root.rglob("*"))
            if path.is_file()
            and path.relative_to(self._root).parts[0] not in BARE
            and not path.name.startswith(".tmp-")
        ]


def main(root: str, kills: str = "40", seed: str = "1") -> int:
    """Kill so often; 0 if the workspace is then as it was."""
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(root).absolute(), Path(folder, "soak.key"), int(seed))
        before = soak.tree()
        while soak.kills < int(kills):
            soak.round()
        same = soak.tree() == before
    print(f"{soak.kills} kills, {len(before)} files, {'identical' if same else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

"""Looking at a workspace's files: how many are sealed, and whether each still opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import SealBroken
from engine.files import read_bytes, read_plain, read_start
from engine.vault import envelope
from engine.vault.convert import contents
from engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Survey:
    """How many files of a workspace are sealed, and how many are not."""

    sealed: int
    plain: int


def survey(workspace: Workspace) -> Survey:
    """Count by how each file begins; needs no key. Raises WorkspaceUnusable."""
    sealed = plain = 0
    for path in contents(workspace):
        start = read_start(path, len(envelope.MAGIC))
        if envelope.is_sealed(start):
            sealed += 1
        elif start or path.suffix != envelope.LINES:
            plain += 1
    return Survey(sealed, plain)


def verify(
    workspace: Workspace, report: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Survey, tuple[str, ...]]:
    """Open every file; the count, and the paths of those that were changed, below the root.

    The vault is open. Raises VaultLocked if it is not, WorkspaceUnusable.
    """
    paths = [*contents(workspace)]
    broken = []
    for number, path in enumerate(paths, 1):
        try:
            read_bytes(path)
            if path.suffix == envelope.LINES and envelope.cut_lines(read_plain(path)):
                broken.append(path.relative_to(workspace.root).as_posix())
        except FileNotFoundError:
            pass  # whoever writes beside us may remove too
        except SealBroken:
            broken.append(path.relative_to(workspace.root).as_posix())
        report(number, len(paths))
    return survey(workspace), tuple(broken)

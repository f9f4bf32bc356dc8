"""Let a job meet a fault at every single change it makes to the disk, and look at what is left.

    python -m tests.faults.sweep [--fault kill] [--only merge] [--every 1] [--seed 1]

For each job of `small_workspace`, each fault and each n: a fresh copy of the workspace, a process
of its own in which the n-th change meets the fault (a write: half of its bytes reach the disk),
then what a reader sees, recovery with the fault gone, and the job once more. One JSON line a job.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.contract.errors import DiskFull, FacedeskError, WorkspaceUnusable
from engine.rights.upkeep import recover
from engine.workspace.folder import Workspace
from tests.faults.disk_changes import Strike, striking
from tests.faults.small_workspace import GROWING, JOBS, RENEWING, build, photographs, under_lock
from tests.faults.wholeness import faults, holdings


@dataclass(frozen=True)
class Fault:
    """What a change meets: death, or an error from then on (`lasting`) or once."""

    number: int
    lasting: bool
    error: type[FacedeskError] | None = None
    """What the operator must be told."""


FAULTS = {
    "kill": Fault(0, lasting=False),
    "full": Fault(errno.ENOSPC, lasting=True, error=DiskFull),
    "full-once": Fault(errno.ENOSPC, lasting=False, error=DiskFull),
    "quota": Fault(errno.EDQUOT, lasting=True, error=DiskFull),
    "broken": Fault(errno.EIO, lasting=True, error=WorkspaceUnusable),
    "broken-once": Fault(errno.EIO, lasting=False, error=WorkspaceUnusable),
    "read-only": Fault(errno.EROFS, lasting=True, error=WorkspaceUnusable),
}

FINE, UNTYPED = 0, 1
"""Ends of a job's process: done; an error that no operator should see. Others are in `_ENDS`."""
_ENDS: tuple[type[FacedeskError], ...] = (DiskFull, WorkspaceUnusable, FacedeskError)


@dataclass
class Swept:
    """What became of one job: how often it met the fault, how often recovery had to tell of it."""

    job: str
    fault: str
    met: int = 0
    told: int = 0
    wrong: list[str] = field(default_factory=list)


class Sweep:
    """Runs jobs on copies of one workspace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole = build(folder / "whole")
        self._before = holdings(self._whole)
        self._after: dict[str, Any] = {}
        """What the workspace holds once a job was done without a fault."""
        photographs(folder / "photographs")

    def job(self, name: str, kind: str, every: int = 1, seed: int = 0) -> Swept:
        """Let it meet the fault at every n, or at about every `every`-th, chosen by `seed`."""
        swept = Swept(name, kind)
        if name not in self._after:
            done = self._copy()
            under_lock(done, name)
            self._after[name] = holdings(done)
            swept.wrong += [f"without a fault: {each}" for each in faults(done)]
        after = self._after[name]
        chance = random.Random(f"{seed} {name} {kind}")
        at = 0
        while True:
            at += 1 if every == 1 else chance.randint(1, 2 * every - 1)
            workspace = self._copy()
            met, wrong = self._struck(workspace, name, FAULTS[kind], at)
            if not met:
                return swept
            swept.met += 1
            if kind == "kill" and chance.random() < 0.3:  # again, while it recovers
                self._struck(workspace, "recover", FAULTS[kind], chance.randint(1, 9))
            wrong += self._look(workspace, name, after, swept)
            swept.wrong += [f"at change {at}: {each}" for each in wrong]

    def _struck(
        self, workspace: Workspace, name: str, fault: Fault, at: int
    ) -> tuple[bool, list[str]]:
        """Do the job, its change number `at` meeting the fault; whether it did, what is wrong."""
        child = os.fork()
        if not child:
            os._exit(_end(workspace, name, Strike(at, fault.number, fault.lasting)))
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            return True, []
        end = os.WEXITSTATUS(status)
        met, end = bool(end & 128), end & 127
        if end == UNTYPED:
            return True, ["an error that is none of ours"]
        # A change that may fail (closing the permissions, the holder's name) need not be told.
        told = end == FINE or fault.error is None or _ENDS[end - 2] is fault.error
        return met, [] if told else [f"told as {_ENDS[end - 2].__name__}"]

    def _look(self, workspace: Workspace, name: str, after: Any, swept: Swept) -> list[str]:
        before = self._before
        wrong = [f"before recovery: {each}" for each in faults(workspace, recovered=False)]
        with workspace.writer("look") as interrupted:
            told = recover(workspace, interrupted)
        swept.told += told is not None
        if told and told.failed:
            wrong.append(f"recovery: {told.failed}")
        wrong += faults(workspace)
        found = holdings(workspace)
        if name in GROWING:
            wrong += _not_between(before, found, after)
        elif name in RENEWING and {**found, "model": ""} == {**after, "model": ""}:
            pass
        elif found not in (before, after):
            wrong.append(f"neither before nor after: {_difference(before, found)}")
        try:
            under_lock(workspace, name)
        except FacedeskError as error:  # it is done already
            if found == before:
                wrong.append(f"once more: {error}")
        wrong += [f"once more: {each}" for each in faults(workspace)]
        if name == "import" and holdings(workspace) != after:
            wrong.append("once more: the import is not complete")
        return wrong

    def _copy(self) -> Workspace:
        root = self._folder / "copy"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self._whole.root, root)
        return Workspace(root)


def _end(workspace: Workspace, name: str, strike: Strike) -> int:
    """How the job ended, as an exit code; 128 more if it met the fault."""
    code = FINE
    try:
        with striking(strike):
            under_lock(workspace, name)
    except FacedeskError as error:
        code = 2 + next(n for n, kind in enumerate(_ENDS) if isinstance(error, kind))
    except BaseException:
        code = UNTYPED
        if os.environ.get("SWEEP_TRACE"):
            import traceback

            traceback.print_exc()
    return code + 128 * bool(strike.struck)


def _not_between(before: Any, found: Any, after: Any) -> list[str]:
    """For jobs of several steps: everybody has what they had, and at most what they will have."""
    wrong = []
    for name, pictures in found["people"].items():
        had, will = set(before["people"].get(name, ())), set(after["people"].get(name, ()))
        if not had & will <= set(pictures) <= had | will:
            wrong.append(f"{name} has {pictures}")
    wrong += [f"{name} is gone" for name in {*before["people"]} - {*found["people"]}]
    if found["split"] not in (before["split"], after["split"]):
        wrong.append("the split is neither the old nor the new one")
    if found["model"] != before["model"] and before["model"] == after["model"]:
        wrong.append("another model is in use")
    return wrong


def _difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    return "; ".join(f"{key}: {one[key]} {other[key]}" for key in one if one[key] != other[key])


def scratch() -> str | None:
    """A folder in memory if the machine has one: thousands of copies need no real disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="tests.faults.sweep")
    parser.add_argument("--fault", action="append", choices=FAULTS, help="this one (default: all)")
    parser.add_argument("--only", action="append", choices=JOBS, help="this job (default: all)")
    parser.add_argument("--every", type=int, default=1, help="about every so-manieth change")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="facedesk-sweep-", dir=scratch()) as folder:
        sweep = Sweep(Path(folder))
        for kind in options.fault or FAULTS:
            for name in options.only or JOBS:
                swept = sweep.job(name, kind, options.every, options.seed)
                print(json.dumps(vars(swept)), flush=True)
                wrong += len(swept.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Kill every process of Facedesk at random moments of its work, again and again; nothing is lost.

    python -m tests.faults.soak --kills 200 --seed 1 [--no-train] [--workspace DIR]

Commands are killed while they hold the writer lock, after a share of the time they usually take;
in between a desk runs jobs while its camera process, its model process or the desk itself is
killed. After each kill: every picture whole and none lost, split and model load, the lock is
free, and the next command says what was recovered and leaves nothing half there. One JSON line a
kill, and the sum at the end; exit code 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from engine.machine import calm_blas

calm_blas()

from engine.contract import Captured, EpochDone, FeaturesProgress, ImportProgress, Threshold  # noqa: E402
from engine.faces.detect import FaceFinder  # noqa: E402, F401  (imported once, for all who are forked)
from engine.workspace.folder import Workspace  # noqa: E402
from tests.faults.forked import Forked, command, gone  # noqa: E402
from tests.faults.soak_desk import Desk  # noqa: E402
from tests.faults.soak_jobs import JOBS, NAMES, Scene, choose, keep_unknown  # noqa: E402
from tests.faults.sweep import scratch  # noqa: E402
from tests.faults.wholeness import faults, pictures_in  # noqa: E402

LONGEST = 300.0
"""Seconds after which something hangs."""
USUAL = {"train": 12.0, "import": 0.8, "enroll": 2.0}
"""Seconds that a job holds the lock, until one was seen to."""
SIGNS = {
    "train": (FeaturesProgress.name, FeaturesProgress.name, EpochDone.name, Threshold.name),
    "import": (ImportProgress.name,),
    "enrol": (Captured.name,),
}
"""What a job of the desk tells while it works; soon after one of these a process is killed."""
INTERNAL = 1
"""The exit code of a fault of ours."""


class Wrongs(list[str]):
    """What was wrong, each told at once."""

    def append(self, text: str) -> None:
        super().append(text)
        print(json.dumps({"wrong": text}), flush=True)

    def __iadd__(self, texts: Iterable[str]) -> Wrongs:  # type: ignore[override,misc]
        for text in texts:
            self.append(text)
        return self


class Soak:
    """One soak in one workspace."""

    def __init__(self, root: Path, seed: int, train: bool) -> None:
        self._root = root
        self.workspace = Workspace(root / "workspace")
        self.chance = random.Random(seed)
        self.scene = Scene(self.workspace, root / "photographs", self.chance)
        self.train = train
        self.kills: list[dict[str, Any]] = []
        self.wrong = Wrongs()
        self.told = 0
        self._usual = dict(USUAL)

    # --- commands ------------------------------------------------------------------------

    def command(self) -> None:
        """One command, killed while it writes, or seen to its end."""
        if self.chance.random() < 0.15:
            name = "keep an unknown"
            run = keep_unknown(self.workspace, self.chance.randrange(200))
        else:
            name, words = choose(self.scene, self.train)
            run = command(*words, "--json", "--workspace", self.workspace.root)
        before = self._pictures()
        process = Forked(run, self._root / "command.txt")
        began = self._writing(process)
        moment = self.chance.uniform(0, 1.1) * self._usual.get(name, 0.05)
        while not process.over() and time.monotonic() < began + moment:
            time.sleep(0.0005)
        if process.over():
            if began:
                self._usual[name] = 0.7 * self._usual.get(name, 0.05) + 0.3 * (
                    time.monotonic() - began
                )
            self._ended(name, process)
            self._look(name, before)
            return
        process.kill()
        self._killed("command", name, time.monotonic() - began)
        self._look(name, before)

    def _writing(self, process: Forked) -> float:
        """When the process took the writer lock; 0 if it ended without."""
        mark = f"(process {process.pid})".encode()
        deadline = time.monotonic() + LONGEST
        while not process.over():
            try:
                if mark in self.workspace.lock_file.read_bytes():
                    return time.monotonic()
            except OSError:
                pass
            if time.monotonic() > deadline:
                process.kill()
                self.wrong.append(f"hangs: {process.text()[-500:]}")
            time.sleep(0.0005)
        return 0.0

    def _ended(self, name: str, process: Forked) -> None:
        if process.code == INTERNAL or "Traceback" in process.text():
            self.wrong.append(f"{name} ended with {process.code}: {process.text()[-800:]}")

    # --- the desk ------------------------------------------------------------------------

    def desk(self, victims: Sequence[str]) -> None:
        """A desk whose processes are killed one after the other at work, itself last."""
        expected = self.workspace.cut_short()
        desk = Desk.start(self.workspace, self._root / "desk.txt")
        try:
            self._ready(desk)
            self._heard(desk, expected)
            for victim in victims:
                before = self._pictures()
                job = self._begin(desk, victim)
                pid = self._pid(desk, victim)
                os.kill(pid, signal.SIGKILL)
                self._killed(victim, job, 0.0)
                self._await(desk, self._begun, lambda event: event["event"] == "job_ended", 1)
                self._await(desk, self._begun, lambda event: event["event"] == "process_ready", 1)
                self.wrong += [
                    f"{victim}: {each}" for each in faults(self.workspace, recovered=False)
                ]
                self._lost(f"{victim} at {job}", before)
            before = self._pictures()
            job = self._begin(desk, "desk")
            children = [self._pid(desk, each) for each in ("camera", "model")]
            desk.process.kill()
            self._killed("desk", job, 0.0)
            deadline = time.monotonic() + 120
            while not all(map(gone, children)) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.wrong += [f"process {pid} outlives its desk" for pid in children if not gone(pid)]
            self._look("desk", before)
        finally:
            desk.leave()
            desk.process.kill()

    def _begin(self, desk: Desk, victim: str) -> str:
        """Begin a job that needs the victim, and wait until it is at work; its name."""
        self._begun = len(desk.process.objects())
        jobs = {"camera": ("enrol", "import"), "model": ("train",)}
        job = self.chance.choice(jobs.get(victim, ("enrol", "import")))
        if job == "train":
            desk.ask("train", options={"epochs": 3})
        elif job == "import":
            words = JOBS["import"][0](self.scene)
            assert words is not None
            desk.ask("import", folder=words[1])
        else:
            who, seed = self.chance.choice(("collins", "hopper")), self.chance.randint(1, 99)
            source = f"demo:{who}?seed={seed}"
            desk.ask("enrol", person=self.chance.choice(NAMES), source=source, count=9000)
        sign = self.chance.choice(SIGNS[job])
        self._await(desk, self._begun, lambda event: event["event"] in (sign, "job_ended"), 1)
        time.sleep(self.chance.uniform(0, 0.5))
        return job

    def _await(self, desk: Desk, start: int, wanted: Callable[[Any], bool], count: int) -> None:
        deadline = time.monotonic() + LONGEST
        while sum(map(wanted, desk.process.objects()[start:])) < count:
            if desk.process.over() or time.monotonic() > deadline:
                raise RuntimeError(f"the desk does not answer: {desk.process.text()[-2000:]}")
            time.sleep(0.01)

    def _ready(self, desk: Desk) -> None:
        self._await(desk, 0, lambda event: event["event"] == "process_ready", 2)
        self._await(desk, 0, lambda event: event["event"] == "started", 1)

    def _pid(self, desk: Desk, name: str) -> int:
        ready = [e for e in desk.process.objects() if e["event"] == "process_ready"]
        return int(next(e["pid"] for e in reversed(ready) if e["process"] == name))

    def _heard(self, desk: Desk, expected: bool) -> None:
        told = any(event["event"] == "recovered" for event in desk.process.objects())
        self.told += told
        if told != expected:
            self.wrong.append(f"the desk told of a recovery: {told}, expected: {expected}")

    # --- after each ----------------------------------------------------------------------

    def _killed(self, process: str, job: str, seconds: float) -> None:
        kill = {"kill": len(self.kills) + 1, "process": process, "job": job}
        self.kills.append(kill)
        print(
            json.dumps({**kill, "seconds": round(seconds, 3), "wrong": len(self.wrong)}), flush=True
        )

    def _look(self, what: str, before: dict[str, str]) -> None:
        """What a reader sees; a free lock; what the next command says; and what is there then."""
        wrong = [f"before recovery: {each}" for each in faults(self.workspace, recovered=False)]
        expected = self.workspace.cut_short()
        if self.chance.random() < 0.1:  # now and then the desk is the next to start
            self._next_desk(expected)
        else:
            wrong += self._next_command(expected)
        wrong += faults(self.workspace, fitting=False)
        self.wrong += [f"{what}: {each}" for each in wrong]
        self._lost(what, before)

    def _next_command(self, expected: bool) -> list[str]:
        words = ("purge", "--trash", "--json", "--workspace", self.workspace.root)
        process = Forked(command(*words), self._root / "next.txt")
        code = process.wait()
        told = [event for event in process.objects() if event["event"] == "recovered"]
        self.told += bool(told)
        wrong = [] if code == 0 else [f"the next command ended with {code}: {process.text()}"]
        if expected != bool(told):
            wrong.append(f"the next command told {told}, expected: {expected}")
        return wrong + [f"recovery: {e['failed']}" for e in told if e["failed"]]

    def _next_desk(self, expected: bool) -> None:
        desk = Desk.start(self.workspace, self._root / "desk.txt")
        self._ready(desk)
        self._heard(desk, expected)
        desk.ask("close")
        desk.process.wait()
        desk.leave()

    def _pictures(self) -> dict[str, str]:
        """Every picture that is anywhere: people, strangers, unknown, trash. Digest to a place."""
        return {
            hashlib.sha256(path.read_bytes()).hexdigest()[:16]: str(path)
            for path in pictures_in(self.workspace.root)
        }

    def _lost(self, what: str, before: dict[str, str]) -> None:
        """No job of the soak deletes for good."""
        after = self._pictures()
        self.wrong += [f"{what}: lost {path}" for mark, path in before.items() if mark not in after]


def soak(root: Path, kills: int, seed: int, train: bool, desks: int) -> Soak:
    """Kill so often; about every `desks`-th round a desk is killed with its processes."""
    made = Soak(root, seed, train)
    rounds = 0
    while len(made.kills) < kills:
        rounds += 1
        if desks and rounds % desks == 0:
            victims = ["camera", "model"] if train else ["camera"]
            made.chance.shuffle(victims)
            made.desk(victims)
        else:
            made.command()
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="tests.faults.soak")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-train", action="store_true", help="leave out what needs the network")
    parser.add_argument(
        "--desks", type=int, default=12, help="a desk every so many rounds, 0: none"
    )
    parser.add_argument("--workspace", type=Path, help="keep it here (default: a passing folder)")
    options = parser.parse_args(arguments)
    os.environ["FACEDESK_CONFIG"] = "/nonexistent/config.toml"
    folder = options.workspace or Path(tempfile.mkdtemp(prefix="facedesk-soak-", dir=scratch()))
    folder.mkdir(exist_ok=True)
    began = time.monotonic()
    try:
        done = soak(folder, options.kills, options.seed, not options.no_train, options.desks)
    finally:
        if options.workspace is None:
            shutil.rmtree(folder, ignore_errors=True)
    summary = {
        "kills": len(done.kills),
        "by_process": Counter(kill["process"] for kill in done.kills),
        "by_job": Counter(kill["job"] for kill in done.kills),
        "told": done.told,
        "wrong": done.wrong,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(summary), flush=True)
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

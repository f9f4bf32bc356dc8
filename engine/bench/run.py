"""The whole bench: the machine, and measurement after measurement, each in a process of its own.

So memory, threads and a crash of one do not touch another. `python -m engine.bench.run NAME PLAN
DESCRIPTOR` is that process: figures leave as JSON Lines on the descriptor, a failure as the last
line. What native libraries print goes where the parent sent the standard streams.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import platform
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bench.material import Plan
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import BenchDone, BenchMachine, BenchStep, Emit, Figure
from engine.contract.errors import FacedeskError, UsageError
from engine.logs import open_log, quieten_libraries
from engine.machine import (
    CPUINFO,
    MEMINFO,
    VECTOR,
    environment,
    has_bfloat16,
    memory,
    processor_features,
    processor_name,
    python,
    usable_cores,
)
from engine.model.backbones import choose_runtime
from engine.model.record import versions
from engine.settings import RuntimeWish, Settings
from engine.workspace.folder import Workspace
from engine.workspace.vault.keys import unlock

MEASURES = {
    "train": "training",
    "add": "training",
    "features": "speed",
    "recognise": "speed",
    "score": "speed",
    "start": "screen",
    "keys": "screen",
    "memory": "screen",
    "vault": "vault",
}
"""Names of the measurements in their order, and the module of each."""


def machine(wish: RuntimeWish, cpuinfo: Path = CPUINFO, meminfo: Path = MEMINFO) -> BenchMachine:
    """What computes here, and with what. Asks files and package metadata; loads nothing."""
    flags = processor_features(cpuinfo)
    return BenchMachine(
        processor=processor_name(cpuinfo),
        vector=tuple(name for name in VECTOR if name in flags),
        cores=usable_cores(),
        memory=memory(meminfo)[1],
        versions={"python": platform.python_version(), **versions()},
        runtime=choose_runtime(wish, cpuinfo).name,
        precision="bfloat16" if has_bfloat16(cpuinfo) else "float32",
    )


LONGEST = 900.0
"""Seconds after which a measurement counts as hung."""
PREFIX = "facedesk-bench-"
LOOK = 0.2
"""Seconds between two looks at the cancel token."""


def bench(
    settings: Settings,
    program: Sequence[str],
    cancel: Cancel,
    emit: Emit,
    *,
    logs: Path,
    only: Sequence[str] = (),
    quick: bool = False,
    workspace: Path | None = None,
) -> BenchDone:
    """Measure; the figures are emitted as they come, then BenchDone.

    `program` is Facedesk's command line, started anew where starting is measured. `only`: names of
    `MEASURES`, none means all. `workspace`: measure with the crops of people there, which is only
    read; None: with the demo's. `logs`: where `bench.log` goes. A measurement that fails, or whose
    process dies, is a figure with a `failure`. Raises UsageError, Cancelled; the folder that all is
    written to is gone then too.
    """
    unknown = [name for name in only if name not in MEASURES]
    if unknown:
        raise UsageError(
            "There is no such measurement", ", ".join(unknown), f"There are {', '.join(MEASURES)}."
        )
    began = time.monotonic()
    chosen = [name for name in MEASURES if not only or name in only]
    emit(machine(settings.model.runtime))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        plan = Plan(
            folder=folder,
            program=tuple(program),
            quick=quick,
            workspace=None if workspace is None else str(workspace.absolute()),
        )
        for number, name in enumerate(chosen, 1):
            emit(BenchStep(measurement=name, number=number, of=len(chosen)))
            for figure in measured(name, plan, cancel, logs):
                figures.append(figure)
                emit(figure)
    done = BenchDone(
        figures=len(figures),
        failed=sum(figure.verdict == "failed" for figure in figures),
        missed=sum(figure.verdict == "missed" for figure in figures),
        seconds=time.monotonic() - began,
        quick=quick,
    )
    emit(done)
    return done


def measured(name: str, plan: Plan, cancel: Cancel, logs: Path) -> Iterator[Figure]:
    """The figures of one measurement, made in a process of its own. Raises Cancelled."""
    reading, writing = os.pipe()
    # The processor's limit is that of all its cores.
    cores = {"OPENBLAS_NUM_THREADS": str(usable_cores())} if name == "features" else {}
    log = open_log(logs, "bench")
    try:
        process = subprocess.Popen(
            python("-m", "engine.bench.run", name, plan.to_json(), str(writing)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
            env=environment(**cores),
        )
    finally:
        os.close(writing)
        os.close(log)
    failure = ""
    with os.fdopen(reading, "rb", buffering=0) as figures:
        try:
            for line in _lines(figures.fileno(), cancel):
                message: dict[str, Any] = json.loads(line)
                if "figure" in message:
                    yield Figure(**message["figure"])
                else:
                    failure = message["failure"]
            status = process.wait(LONGEST)
            if status and not failure:
                failure = f"its process died (status {status})"
        except TimeoutError:
            failure = f"it took more than {LONGEST:.0f} s"
        finally:
            _end(process)
    if failure:
        yield Figure(key=name, what=name, value=math.nan, unit="", failure=failure)


def _lines(descriptor: int, cancel: Cancel) -> Iterator[bytes]:
    """What a process writes, line by line. Raises Cancelled, TimeoutError."""
    until = time.monotonic() + LONGEST
    rest = b""
    while True:
        cancel.check()
        ready, _w, _x = select.select([descriptor], [], [], LOOK)
        if ready:
            data = os.read(descriptor, 65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
        elif time.monotonic() > until:
            raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a measurement's process with all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


def measure(name: str, plan: Plan) -> Iterator[Figure]:
    """Carry out one measurement; figures come as they are known. Raises whatever it meets."""
    module = importlib.import_module(f"engine.bench.{MEASURES[name]}")
    function: Callable[[Plan], Iterator[Figure]] = getattr(module, f"measure_{name}")
    return function(plan)


def main(name: str, plan: str, descriptor: str) -> int:
    """Measure and tell; 0, or 1 if it failed."""
    quieten_libraries()
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as parent:

        def tell(kind: str, value: Any) -> None:
            parent.write(json.dumps({kind: value}) + "\n")
            parent.flush()

        try:
            given = Plan.from_json(plan)
            if given.workspace is not None:  # the passphrase was another process's
                unlock(Workspace(Path(given.workspace)).root, load_settings().vault)
            for figure in measure(name, given):
                tell("figure", asdict(figure))
        except Exception as error:  # one measurement's trouble must not end the others
            traceback.print_exc()
            known = isinstance(error, FacedeskError)
            tell("failure", str(error) if known else f"{type(error).__name__}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # native threads may hang at the end

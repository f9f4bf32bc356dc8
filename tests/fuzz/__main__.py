"""`python -m tests.fuzz --inputs 100000 --seed 1 [--target X]`: try them and print a table."""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.fuzz import worker
from tests.fuzz.targets import TARGETS
from tests.fuzz.worker import Tally

CHUNK = 5000
"""Inputs that one process tries."""
PATIENCE = 60.0
"""Seconds without a new input after which a process, in native code then, is ended."""


def main() -> int:
    """0 if every input was accepted or refused with a typed error in time and memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="in all, shared by the targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=sorted(TARGETS), help="this one only")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", type=int, metavar="N", help="write its input N to stdout")
    parser.add_argument("--atheris", action="store_true", help="let atheris drive the target")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.target is None and (options.show is not None or options.atheris or options.worker):
        parser.error("name a --target")
    if options.worker:
        first, last, progress = options.worker
        worker.main(options.target, options.seed, int(first), int(last), Path(progress))
        return 0
    if options.show is not None:
        sys.stdout.buffer.write(worker.input_of(options.target, options.seed, options.show))
        return 0
    if options.atheris:
        from tests.fuzz.with_atheris import drive

        return drive(options.target, options.inputs, options.seed)
    names = [options.target] if options.target else list(TARGETS)
    return report(run(names, options.inputs, options.seed, options.processes))


def run(names: list[str], inputs: int, seed: int, processes: int) -> dict[str, Tally]:
    """Share the inputs among the targets and try them in several processes."""
    whole = sum(TARGETS[name].share for name in names)
    work: queue.SimpleQueue[tuple[str, int, int]] = queue.SimpleQueue()
    for name in names:
        count = -(-inputs * TARGETS[name].share // whole)
        for first in range(0, count, CHUNK):
            work.put((name, first, min(first + CHUNK, count)))
    tallies = {name: Tally() for name in names}
    lock = threading.Lock()

    def labour() -> None:
        while True:
            try:
                name, first, last = work.get_nowait()
            except queue.Empty:
                return
            found = chunk(name, seed, first, last)
            for crash in found.crashes:  # at once, for a long run may be cut
                print(f"{name}, input {crash['input']}:\n{crash['why']}", file=sys.stderr)
            with lock:
                tallies[name].add(found)

    threads = [threading.Thread(target=labour) for _ in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tallies


def chunk(name: str, seed: int, first: int, last: int) -> Tally:
    """Inputs `first` to `last` in a process of their own; one that ends it is a crash."""
    if first >= last:
        return Tally()
    with tempfile.NamedTemporaryFile(prefix="fuzz-progress-") as progress:
        command = [
            sys.executable, "-m", "tests.fuzz", "--target", name, "--seed", str(seed),
            "--worker", str(first), str(last), progress.name,
        ]  # fmt: skip
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            why = _wait(child, Path(progress.name))
            out.seek(0)
            err.seek(0)
            if child.returncode == 0:
                body = json.loads(out.read().splitlines()[-1])
                return Tally(**{**body, "refused": Counter(body["refused"])})
            number = int(Path(progress.name).read_bytes() or first)
            told = err.read()[-1500:].decode("utf-8", "replace")
            why = f"{why or f'ended the process ({child.returncode})'}: {told}"
    tally = Tally(inputs=1, crashes=[{"input": number, "why": why}])
    tally.add(chunk(name, seed, first, number))
    tally.add(chunk(name, seed, number + 1, last))
    return tally


def _wait(child: subprocess.Popen[bytes], progress: Path) -> str:
    """Wait for a worker; end one that hangs in native code, and say so."""
    last, since = b"", time.monotonic()
    while child.poll() is None:
        time.sleep(0.1)
        now = progress.read_bytes()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > PATIENCE:
            child.kill()
            child.wait()
            return f"hung for {PATIENCE:.0f} s"
    return ""


def report(tallies: dict[str, Tally]) -> int:
    """The table in Markdown, and the crashes one by one."""
    print("| target | inputs | accepted | refused | crashes | slowest | most memory |")
    print("|---|---|---|---|---|---|---|")
    whole = Tally()
    for name, tally in tallies.items():
        whole.add(tally)
        print(_line(name, tally))
    print(_line("all", whole))
    for name, tally in tallies.items():
        for crash in tally.crashes:
            print(f"\n{name}, input {crash['input']}:\n{crash['why']}")
    return 1 if whole.crashes else 0


def _line(name: str, tally: Tally) -> str:
    refused = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.refused.items()))
    total = sum(tally.refused.values())
    return (
        f"| {name} | {tally.inputs} | {tally.accepted} | {total}{f' ({refused})' if total else ''} "
        f"| {len(tally.crashes)} | {tally.slowest:.2f} s | {tally.most_megabytes:.0f} MB |"
    )


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    raise SystemExit(main())

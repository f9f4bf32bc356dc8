"""A `facedesk` that has done its imports, and becomes the command that each line asks for.

    python fork_server.py      a JSON line in: arguments, cwd, env, out, err; a line out: exit code

Most commands take longer to be imported than to run. Each command is a process of its own, forked
from one that has imported the command line and OpenCV, has no thread yet and has run nothing; from
there on it is what `python -m tui` is. That a command starts from nothing, and what it then loads,
is proved in tests/contracts and by the tests that open a terminal.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import pkgutil
import runpy
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
GROUPS = ("tui.cli",)
"""Packages whose modules are all imported, where they are."""
OTHERS = ("engine.camera.opencv", "engine.jobs.enrol", "engine.desk.local")


def load() -> None:
    from engine.machine import calm_blas

    calm_blas()  # as `facedesk` does, before NumPy is there
    for group in GROUPS:
        if importlib.util.find_spec(group):
            package = importlib.import_module(group)
            for module in pkgutil.iter_modules(package.__path__, f"{group}."):
                importlib.import_module(module.name)
    for module_name in OTHERS:
        importlib.import_module(module_name)
    from engine.config import load_settings

    load_settings()  # what checks them is made once a process
    loaded = {"tensorflow", "keras"}.intersection(sys.modules)
    assert not loaded, f"every command would have {loaded}"
    # What lies here for good is not looked through for garbage, which would copy it: two thirds of
    # the time of a command.
    gc.collect()
    gc.freeze()
    threads = len(os.listdir("/proc/self/task"))
    assert threads == 1, f"{threads} threads: the commands would lack all but one"


def become(asked: dict[str, Any]) -> None:
    """In the child: take over what was asked for, and run."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, place in ((0, os.devnull), (1, asked["out"]), (2, asked["err"])):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(place, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    if record := os.environ.get("FORBIDDEN_NETWORK"):
        import sitecustomize  # of no_network/, which is first on the path

        sitecustomize.forbid_in_python(record)
        sitecustomize.forbid_in_the_kernel()
    sys.argv = ["tui", *asked["arguments"]]
    runpy.run_module("tui", run_name="__main__", alter_sys=True)


def main() -> None:
    load()
    answers = os.fdopen(os.dup(1), "w")
    print("ready", file=answers, flush=True)
    while line := sys.stdin.readline():
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            answers.close()
            become(asked)
            return  # and out, as a program ends: its exit handlers run
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, file=answers, flush=True)


if __name__ == "__main__":
    main()

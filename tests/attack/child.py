"""A process that attacks itself: what it says, and the most memory that it took."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from engine.machine import environment, python

LONGEST = 300
"""Seconds until a hang is a failure."""
_CODE = """
import json, os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
def most():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))
{prepare}
before = most()
said = None
{attack}
print(json.dumps([said, most() - before]))
sys.stdout.flush()
os._exit(0)
"""


@dataclass(frozen=True)
class Told:
    """What the code left in `said`, and the memory it took beyond `prepare`, MiB."""

    said: Any
    megabytes: int


def child(attack: str, prepare: str = "", **named: object) -> Told:
    """Run `attack` after `prepare` in a fresh process; `named` values are there as variables."""
    given = "".join(f"{name} = {value!r}\n" for name, value in named.items())
    code = _CODE.format(prepare=given + prepare, attack=attack)
    run = subprocess.run(
        python("-c", code),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return Told(*json.loads(run.stdout.splitlines()[-1]))

"""How much memory a process has, and how much it may have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine.desk.vitals import machine_bytes, most_bytes, own_bytes


def machine(root: Path, group: str, **limits: str) -> Path:
    """A machine of 8 GB; `limits` by the folder of the control group below the tree's root."""
    for file, text in {
        "proc/meminfo": "MemTotal:        8000000 kB\nMemFree: 1 kB\n",
        "proc/self/cgroup": f"0::{group}\n",
        **{f"sys/fs/cgroup/{where}": text for where, text in limits.items()},
    }.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_memory_that_is_written_to_counts_as_the_processs_own():
    # In a process of its own: this one may give memory back at any moment.
    script = """
import os
from engine.desk.vitals import own_bytes
before = own_bytes(os.getpid())
kept = b"1" * 50_000_000
print(own_bytes(os.getpid()) - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(done.stdout) > 45_000_000


def test_of_a_process_that_is_gone_nothing_is_known():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert own_bytes(pid) is None


def test_without_a_control_group_the_machine_is_the_measure(tmp_path):
    assert machine_bytes(machine(tmp_path, "/")) == 8_000_000 * 1024


def test_a_limit_of_the_group_or_above_it_counts(tmp_path):
    limits = {"a/b/memory.max": "max\n", "a/memory.max": "2000000000\n"}
    assert machine_bytes(machine(tmp_path, "/a/b", **limits)) == 2_000_000_000


def test_an_unlimited_group_leaves_the_machine(tmp_path):
    assert machine_bytes(machine(tmp_path, "/a", **{"a/memory.max": "max"})) == 8_000_000 * 1024


def test_the_setting_goes_before_the_share_of_the_machine(tmp_path):
    root = machine(tmp_path, "/")
    assert most_bytes(300, root) == 300_000_000
    assert most_bytes(0, root) == 6_000_000 * 1024


def test_where_nothing_is_known_there_is_no_limit(tmp_path):
    assert most_bytes(0, tmp_path) == 0

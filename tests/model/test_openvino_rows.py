"""OpenVINO's rows are Keras' rows, whatever the batch, the thread and the state of the cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from platform import machine
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.model import openvino_rows
from engine.model.keras_networks import KerasExtractor
from engine.model.openvino_rows import OpenVinoExtractor
from engine.model.vgg16 import ROW, row_digest
from engine.model.weights import Weights

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def first(
    weights: Weights, tmp_path_factory: pytest.TempPathFactory
) -> tuple[OpenVinoExtractor, Path]:
    """What the first process makes, and what it leaves on the disk."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino_rows, "_networks", {})
        patch.setenv("FACEDESK_CACHE", str(folder))
        return OpenVinoExtractor(weights, low_precision=False), folder / "compiled"


@pytest.fixture(scope="module")
def openvino(first: tuple[OpenVinoExtractor, Path]) -> OpenVinoExtractor:
    return first[0]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As in a process that has compiled nothing yet, with an empty cache."""
    monkeypatch.setattr(openvino_rows, "_networks", {})
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path))
    return tmp_path / "compiled"


@pytest.fixture
def kept(fresh: Path, first: tuple[OpenVinoExtractor, Path]) -> Path:
    """As in a second process: a copy of what the first one left."""
    shutil.copytree(first[1], fresh)
    return fresh


def noise(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 160, 160, 3), np.uint8)


def error(found: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Largest relative error of a row."""
    lengths = np.linalg.norm(right, axis=1)
    return float((np.linalg.norm(found - right, axis=1) / lengths).max())


def test_rows_of_faces_and_of_noise_are_those_of_keras(
    openvino: OpenVinoExtractor, reference: KerasExtractor, demo_crops: NDArray[np.uint8]
) -> None:
    for crops in (demo_crops, noise(2)):
        found, right = openvino.extract(crops), reference.extract(crops)
        assert found.dtype == np.float32
        assert error(found, right) < 1e-5
        assert np.abs(found - right).max() < 1e-4 * np.abs(right).max()


def test_float32_rows_mix_with_those_of_keras(
    openvino: OpenVinoExtractor, reference: KerasExtractor
) -> None:
    assert openvino.digest == reference.digest


def test_rows_are_named_by_the_arithmetic_that_was_really_used(weights: Weights) -> None:
    found = OpenVinoExtractor(weights, low_precision=True)
    used = "openvino bfloat16" if found.low_precision else "float32"
    assert found.digest == row_digest(weights.digest, used)
    assert found.digest != KerasExtractor(weights, low_precision=True).digest


def test_a_crop_and_its_mirror_image_give_other_rows(
    openvino: OpenVinoExtractor, demo_crops: NDArray[np.uint8]
) -> None:
    one, other = openvino.extract(demo_crops), openvino.extract(demo_crops[:, :, ::-1])
    assert error(one, other) > 0.1


def test_any_number_of_crops(openvino: OpenVinoExtractor) -> None:
    crops = noise(3)
    everything = openvino.extract(crops)
    for count in range(4):
        found = openvino.extract(crops[:count])
        assert found.shape == (count, ROW)
        if count:
            assert error(found, everything[:count]) < 1e-5


def test_crops_that_are_a_view_of_others_are_read_rightly(openvino: OpenVinoExtractor) -> None:
    mirrored = noise(2)[:, :, ::-1]
    assert error(openvino.extract(mirrored), openvino.extract(mirrored.copy())) < 1e-5


@pytest.mark.parametrize(
    "crops",
    [np.zeros((1, 112, 112, 3), np.uint8), np.zeros((1, 160, 160, 3), np.float32)],
)
def test_other_shapes_and_types_are_refused(
    openvino: OpenVinoExtractor, crops: NDArray[np.uint8]
) -> None:
    with pytest.raises(ValueError, match="not uint8"):
        openvino.extract(crops)


def test_threads_do_not_get_each_others_rows(openvino: OpenVinoExtractor) -> None:
    crops = noise(4)
    right = openvino.extract(crops)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: openvino.extract(crops[i : i + 1])[0], range(4)))
    assert error(np.stack(found), right) < 1e-5


def test_extractors_of_a_process_share_one_network(kept: Path, weights: Weights) -> None:
    one, other = OpenVinoExtractor(weights, False), OpenVinoExtractor(weights, False)
    assert one._network is other._network


def test_the_second_process_does_not_build_the_network(
    openvino: OpenVinoExtractor,
    kept: Path,
    weights: Weights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openvino_rows, "feature_graph", None)
    again = OpenVinoExtractor(weights, False)
    assert again._network is not openvino._network
    assert error(again.extract(noise(1)), openvino.extract(noise(1))) < 1e-5


MEMORY = """
import sys
import numpy as np
from engine.model.openvino_rows import OpenVinoExtractor
from engine.model.weights import load_weights
def taken(what):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024
before = taken("VmRSS")
OpenVinoExtractor(load_weights(), False).extract(np.zeros((1, 160, 160, 3), np.uint8))
print(taken("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.skipif(machine() not in openvino_rows.X86, reason="packs other constants")
def test_constants_are_not_in_memory_twice(kept: Path) -> None:
    """120 MB packed by the plugin, 60 MB of maps, 90 MB of OpenVINO; the file's 120 MB are not."""
    (file,) = kept.iterdir()
    run = subprocess.run(
        [sys.executable, "-c", MEMORY],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "MALLOC_ARENA_MAX": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    size = file.stat().st_size / 2**20
    assert size > 100
    assert float(run.stdout) < 2.6 * size


QUIET = """
import json, os, socket, sys
reached = []
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        reached.append(event)
sys.addaudithook(refuse)
sys.modules["tensorflow"] = sys.modules["keras"] = None
import numpy as np
from engine.model.backbones import extractor_of
from engine.model.weights import load_weights
row = extractor_of("vgg16", "auto", load_weights()).extract(np.zeros((1, 160, 160, 3), np.uint8))
names = [n for n in sys.modules if "telemetry" in n or n.startswith("openvino.tools.")]
home = [os.path.join(at, f) for at, _, files in os.walk(os.path.expanduser("~")) for f in files]
print(json.dumps({"shape": row.shape, "modules": names, "reached": reached, "home": home}))
"""


def test_nothing_is_counted_sent_or_left_in_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment: dict[str, Any] = {"HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run(
        [sys.executable, "-c", QUIET],
        env={**environment, "FACEDESK_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    assert found == {"shape": [1, ROW], "modules": [], "reached": [], "home": []}
    assert run.stderr == ""


def test_a_network_of_another_graph_is_not_used(
    fresh: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked for under another key: test_openvino_networks."""

    class Asked(Exception):
        """With the key of the network that was asked for."""

    def asked(name: str, key: str, *given: object, **options: object) -> None:
        raise Asked(key)

    monkeypatch.setattr(openvino_rows, "compiled", asked)
    with pytest.raises(Asked) as before:
        OpenVinoExtractor(weights, False)
    monkeypatch.setattr(openvino_rows, "sources_digest", lambda *files: "another")
    with pytest.raises(Asked) as after:
        OpenVinoExtractor(weights, False)
    assert str(before.value) != str(after.value)

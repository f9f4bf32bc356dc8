"""Recognising, evaluating, searching for twins: all without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from desk_driver import started

from engine.config import load_settings
from engine.contract import FaceSeen, ProcessReady
from engine.contract.requests import RecogniseRequest
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from tests.templates import COLLINS, HOPPER, NO_VIEWS, copy_of

REPOSITORY = Path(__file__).resolve().parents[2]
BLOCKED = """
import json, sys
from pathlib import Path
sys.modules["tensorflow"] = sys.modules["keras"] = None
import numpy as np
from engine.camera.demo import DemoSource
from engine.cancel import Cancel
from engine.config import load_settings
from engine.faces.detect import FaceFinder
from engine.jobs.evaluate import evaluate
from engine.jobs.find_faces import watch
from engine.jobs.judging import suspect
from engine.jobs.naming import Recognition
from engine.contract.desk import EvaluateRequest, RecogniseRequest
from engine.workspace.folder import Workspace

workspace, settings, events = Workspace(Path(sys.argv[1])), load_settings(training={"views": 0}), []
source = "demo:hopper?seed=5&frames=20"
request = RecogniseRequest(source=source, pace="fast")
recognition = Recognition(workspace, settings, events.append)
watch(settings, request, Cancel(), events.append, recognition.take, preview=None)
done = evaluate(workspace, settings, EvaluateRequest(), Cancel(), events.append)
frames = [DemoSource(source).render(number) for number in (0, 8, 16)]
finder = FaceFinder(settings.detection)
crops = np.stack([face.crop for frame in frames for face in finder.find(frame, 1)])
twin = suspect(workspace, settings, "Somebody New", crops, events.append)
named = sorted({e.person for e in events if type(e).__name__ == "FaceSeen" and e.person})
print(json.dumps({"named": named, "rank1": done.rank1, "twin": twin.other if twin else None}))
"""


@pytest.fixture(scope="module")
def trained(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a model of both demo portraits."""
    return copy_of(demo_trained, tmp_path_factory.mktemp("blocked") / "workspace")


def test_the_demonstration_is_recognised_and_evaluated(trained: Workspace) -> None:
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED, trained.root],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == {"named": [HOPPER], "rank1": 1.0, "twin": HOPPER}


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_the_model_process_that_names_faces_loads_neither_tensorflow_nor_opencv(
    trained: Workspace,
) -> None:
    desk = LocalDesk(trained, load_settings(training=NO_VIEWS))
    collector = started(desk)
    desk.recognise(RecogniseRequest(source="demo:collins"))
    seen = collector.wait(FaceSeen)
    ready = collector.wait(ProcessReady, lambda event: event.process == "model")
    libraries = Path(f"/proc/{ready.pid}/maps").read_text()
    desk.close()
    assert seen.candidate == COLLINS
    assert "openvino" in libraries
    assert "tensorflow" not in libraries
    assert "cv2" not in libraries

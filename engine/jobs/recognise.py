"""Recognise in one process: faces are found and named one after the other.

For the command line, and for recordings that are run again. The two halves are those of the app's
processes, `find_faces` and `naming`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.camera.check import check_source
from engine.camera.demo import parse_demo
from engine.camera.folder import noted, pictures_of
from engine.cancel import Cancel
from engine.contract import Emit, Notice, RecogniseDone
from engine.contract.messages import FacesFound
from engine.contract.requests import RecogniseRequest
from engine.faces.detect import FaceFinder
from engine.jobs.find_faces import watch
from engine.jobs.naming import Recognition
from engine.pictures import Unreadable, read_photograph
from engine.rights.upkeep import watching
from engine.settings import Settings
from engine.workspace.folder import Workspace


def recognise(
    workspace: Workspace,
    settings: Settings,
    request: RecogniseRequest,
    cancel: Cancel,
    emit: Emit,
    *,
    why: bool = False,
    keep: bool | None = None,
    judged: Callable[[FacesFound], bool] = lambda found: True,
) -> RecogniseDone:
    """Recognise until the source ends or `cancel` is set, all in this process.

    With `why`, the last decision about each face is explained by a `Why` at the end.
    `keep` as in `Keeper`; who listens writes what is `Sighted`. Frames that are not to be `judged`
    are left out.
    Raises NoModel, ModelCorrupt, BackboneMissing, SourceError.
    """
    check_source(request.source)  # before the network is loaded, which takes seconds
    if request.source.startswith("demo:"):
        parse_demo(request.source)
    with watching(workspace, settings, request.sources, emit) as noted_at_end:
        recognition = Recognition(workspace, settings, emit, keep)

        def deliver(found: FacesFound) -> None:
            if judged(found):
                recognition.take(found, single=request.each)

        if request.each and Path(request.source).expanduser().is_dir():
            _each_picture(settings, Path(request.source).expanduser(), recognition, cancel, emit)
        else:
            watch(settings, request, cancel, emit, deliver, preview=None)
        if why:
            for evidence in recognition.memory.all():
                emit(recognition.explainer.explain(evidence))
        done = recognition.finish()
        noted_at_end["frames"] = done.frames
    return done


def _each_picture(
    settings: Settings, folder: Path, recognition: Recognition, cancel: Cancel, emit: Emit
) -> None:
    """Every picture of a folder is one probe: its most central face, or no face."""
    finder = FaceFinder(settings.detection)
    for number, (path, label) in enumerate(pictures_of(folder, emit)):
        if cancel.stopping:
            return
        try:
            faces = finder.find_in_photograph(read_photograph(path, noted(label, emit)))
        except Unreadable as error:
            emit(Notice(text=str(error), level="warning"))
            faces = ()
        recognition.take_picture(label, number, faces[0] if faces else None)

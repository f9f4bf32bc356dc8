"""`facedesk evaluate` on real photographs, against the face space's own report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.templates import copy_of

pytestmark = pytest.mark.shared

PEOPLE, ENROL, PROBES, VIEWS = 2, 10, 5, 1
"""The face space's report enrols ten pictures and fuses five probes: it needs so many."""
STRANGERS = 20
"""The fewest that can show an FPIR of 5 %."""
ONE_VIEW = {"FACEDESK_TRAINING__VIEWS": str(VIEWS)}


@pytest.fixture(scope="module")
def folders(lfw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`enrol`, `probes` and `strangers`, in the face space report's protocol."""
    root = tmp_path_factory.mktemp("folders")
    for person in sorted((lfw / "known").iterdir())[:PEOPLE]:
        for number, file in enumerate(sorted(person.glob("*.jpg"))[: ENROL + PROBES]):
            part = "enrol" if number < ENROL else "probes"
            (root / part / person.name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, root / part / person.name / file.name)
    for stranger in sorted((lfw / "strangers").iterdir())[:STRANGERS]:
        shutil.copytree(stranger, root / "strangers" / stranger.name)
    return root


@pytest.fixture(scope="module")
def trained(facedesk: Any, folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose model learnt all pictures of `enrol`."""
    workspace = tmp_path_factory.mktemp("evaluate") / "workspace"
    for command in (
        ("import", folders / "enrol"),
        ("split", "--train", "1", "--validation", "0", "--test", "0"),
        ("train",),
    ):
        run = facedesk(*command, "--workspace", workspace, "--json", **ONE_VIEW)
        assert run.code == 0, run.err
        if command[0] == "import":
            assert run.done["people"] == PEOPLE
            assert run.done["images"] + run.done["refused"] == PEOPLE * ENROL
    return workspace


def test_who_was_imported_is_named_in_other_photographs(
    facedesk: Any, folders: Path, trained: Path, tmp_path: Path
) -> None:
    probes = tmp_path / "probes"
    probes.mkdir()
    for person in (folders / "probes").iterdir():
        for number, file in enumerate(person.iterdir()):
            shutil.copyfile(file, probes / f"{person.name}-{number}.jpg")
    run = facedesk("recognize", "--source", probes, "--each", "--workspace", trained, "--json")
    assert run.code == 0, run.err
    faces = run.named("face")
    right = [face for face in faces if face["source"].startswith(face["candidate"])]
    assert len(right) >= len(faces) - 1 > PEOPLE
    assert all(face["person"] in (None, face["candidate"]) for face in faces)


@pytest.mark.long
def test_figures_of_folders_are_those_of_the_face_spaces_own_report(
    facedesk: Any, folders: Path, trained: Path, tmp_path: Path
) -> None:
    run = facedesk(
        "evaluate", "--probes", folders / "probes", "--strangers", folders / "strangers",
        "--fpir", "0.05", "--report", tmp_path, "--workspace", trained, "--json",
    )  # fmt: skip
    assert run.code == 0, run.err
    done = run.done
    wanted = reported(folders, tmp_path / "work")
    probes = wanted["probes"]
    assert (done["probes"], done["missed"]) == (probes, wanted["missed"])
    assert (done["strangers"], done["strangers_from"]) == (wanted["strangers"], "folder")
    assert done["stranger_people"] == STRANGERS
    # The import may refuse an enrolled picture that the report takes: one probe may differ.
    assert done["rank1"] == pytest.approx(wanted["rank1"], abs=1 / probes)
    assert done["tpir"]["0.05"] == pytest.approx(wanted["tpir_5"], abs=1 / probes)
    assert set(done["tpir"]) == {"0.05", "0.1"}
    assert sum(map(sum, done["confusion"])) == probes
    for key in ("rank1", "tpir_at_threshold", "fpir_at_threshold", "tpir@0.05"):
        low, high = done["intervals"][key]
        value = done["tpir"]["0.05"] if "@" in key else done[key]
        assert low <= value <= high
    page = (tmp_path / "evaluation.html").read_text()
    assert done["report"] == str(tmp_path / "evaluation.html")
    assert "DET curve" in page
    assert "NaN" not in run.out


def reported(folders: Path, work: Path) -> dict[str, Any]:
    """What `python -m fit report` would say of these folders."""
    from engine.model.backbones import packaged_space
    from fit.people_features import Copies, PeopleReader, trained_views
    from fit.report import identification
    from tests.recognise.remembering import Remembering

    everybody = work / "known"
    for part in ("enrol", "probes"):
        shutil.copytree(folders / part, everybody, dirs_exist_ok=True)
    extractor = Remembering()
    reader = PeopleReader(work / "features", extractor)
    known, strangers = reader.read(everybody), reader.read(folders / "strangers")
    views = Copies("views", VIEWS, trained_views)
    enrolled = PeopleReader(work / "views", extractor, copies=views).read(folders / "enrol")
    found = identification(packaged_space("both"), enrolled, known, strangers, PEOPLE)
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def test_nobody_is_measured_on_what_the_model_has_learnt(
    facedesk: Any, trained: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(trained, workspace)
    assert facedesk("split", "--workspace", workspace, "--json").code == 0
    run = facedesk("evaluate", "--workspace", workspace, "--json")
    assert run.code == 4
    assert run.objects[-1]["kind"] == "NoPictures"


def test_held_out_pictures_are_searched_and_enrolled_people_stand_in_for_strangers(
    facedesk: Any, demo_trained: Path, tmp_path: Path
) -> None:
    workspace = copy_of(demo_trained, tmp_path / "workspace").root
    done = facedesk("evaluate", "--workspace", workspace, "--json").done
    assert not any("newer than the model" in each["text"] for each in done["warnings"])
    assert done["strangers_from"] == "left_out"
    assert done["stranger_people"] == 2
    split = json.loads((workspace / "split.json").read_text())
    assert done["probes"] == sum(len(parts["test"]) for parts in split["people"].values())
    assert set(done["leakage"]) == {"rank1", "tpir", "random_rank1", "random_tpir"}
    assert any("figures are optimistic" in each["text"] for each in done["warnings"])


def test_folders_that_cannot_be_used_are_refused_before_the_slow_work(
    facedesk: Any, folders: Path, trained: Path
) -> None:
    run = facedesk("evaluate", "--probes", folders / "strangers", "--workspace", trained, "--json")
    assert run.code == 4
    assert "No folder of the probes" in run.objects[-1]["title"]
    run = facedesk("evaluate", "--fpir", "2", "--workspace", trained, "--json")
    assert run.code == 2


def test_an_empty_name_of_a_folder_is_a_folder_too_and_nothing_else_is_measured_instead(
    facedesk: Any, folders: Path, trained: Path, tmp_path: Path
) -> None:
    run = facedesk("evaluate", "--probes", "", "--workspace", trained, "--json", cwd=tmp_path)
    assert run.code == 4
    assert "probes cannot be used" in run.objects[-1]["title"]
    run = facedesk(
        "evaluate", "--probes", folders / "probes", "--strangers", "", "--workspace", trained,
        "--json", cwd=tmp_path,
    )  # fmt: skip
    assert run.code == 4
    assert "no strangers" in run.objects[-1]["title"]

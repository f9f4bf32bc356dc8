"""What may import what: proved from `sys.modules` of a fresh interpreter, not from the text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("cv2", "tensorflow", "keras")


def loaded_after(statement: str) -> set[str]:
    """Top-level modules loaded after `statement` in a fresh interpreter."""
    code = f"import sys; {statement}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_user_interface_process_loads_neither_opencv_nor_tensorflow() -> None:
    modules = (
        "engine",
        "engine.contract.errors",
        "engine.contract",
        "engine.config",
        "engine.workspace.folder",
        "engine.desk.local",
        "engine.desk.library",
        "tui.app",
        "tui.cli",
        "tui.cli.run",
        "tui.demo",
    )
    assert not loaded_after(f"import {', '.join(modules)}").intersection(HEAVY)


def test_the_command_line_loads_no_interface_before_a_command_runs() -> None:
    assert not loaded_after("import tui.cli").intersection({*HEAVY, "textual", "numpy", "rich"})


def test_the_help_of_a_command_loads_no_library_that_it_runs_with() -> None:
    """Of all in one interpreter: what none may load, all together do not."""
    code = (
        "import click, contextlib, io\nfrom tui.cli import facedesk\n"
        "for command in facedesk.list_commands(click.Context(facedesk)):\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as told:\n"
        "        facedesk.main([command, '--help'], 'f', None, False)\n"
        "    assert command in told.getvalue()\n"
        f"    assert not {{*{HEAVY}, 'textual', 'numpy'}}.intersection(sys.modules), command"
    )
    loaded_after(f"exec({code!r})")


def test_the_list_of_commands_imports_none_of_them() -> None:
    ask = "from tui.cli import facedesk; facedesk.main(['--help'], 'f', None, False)"
    code = f"import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): {ask}"
    count = f"exec({code!r}); assert 'tui.cli.listen' not in sys.modules, sys.modules"
    assert not loaded_after(count).intersection({*HEAVY, "textual", "numpy", "rich"})


def test_a_command_that_runs_loads_no_interface(tmp_path: Path) -> None:
    ask = f"facedesk.main(['--workspace', {str(tmp_path)!r}, '--json', 'people'], 'f', None, False)"
    code = f"import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): {ask}"
    loaded = loaded_after(f"from tui.cli import facedesk; exec({code!r})")
    assert "rich" in loaded
    assert not loaded.intersection({*HEAVY, "textual"})


def test_the_camera_process_does_not_load_tensorflow() -> None:
    modules = loaded_after("import engine.jobs.enrol, engine.jobs.find_faces")
    assert "cv2" in modules
    assert not modules.intersection({"tensorflow", "keras", "pydantic"})


def test_the_model_process_gets_its_settings_checked_and_loads_nothing_to_check_them() -> None:
    assert "pydantic" not in loaded_after("import engine.desk.model_process")


def test_the_jobs_of_the_model_process_load_tensorflow_only_when_they_need_it() -> None:
    jobs = ("naming", "train", "evaluate", "judging", "imports", "features_ahead")
    modules = loaded_after(f"import {', '.join(f'engine.jobs.{job}' for job in jobs)}")
    assert not modules.intersection({"tensorflow", "keras"})


def test_naming_and_features_ahead_load_no_opencv_before_they_need_it() -> None:
    modules = loaded_after("import engine.jobs.naming, engine.jobs.features_ahead")
    assert "cv2" not in modules


def test_the_engine_does_not_load_the_interface() -> None:
    assert not loaded_after("import engine.desk.local").intersection({"tui", "textual"})


def test_import_contracts_of_pyproject_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout

"""facedesk bench: every measurement, its table, and the file that keeps it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine.contract import BenchDone, BenchMachine, BenchStep, Event, Figure
from engine.contract.errors import ModelError
from engine.machine import python
from engine.text import many
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors
from tui.cli.context import Context, interruptible
from tui.words.tables import BENCH_COLUMNS, machine_lines, markdown, measured, remarks, row
from tui.words.text import span

PROGRAM = tuple(python("-m", "tui"))
HEADING = "What `facedesk bench` measured"


def bench(
    context: Context,
    only: Sequence[str],
    workspace: Path | None,
    write: Path | None,
    *,
    quick: bool,
) -> BenchDone:
    """Measure, print, and add the table to the file `write`.

    Raises UsageError for an unknown measurement, ModelError if one failed: the others are printed
    and written all the same.
    """
    with _logs(context.workspace) as logs:
        return _bench(context, only, workspace, write, logs, quick=quick)


def _bench(
    context: Context,
    only: Sequence[str],
    workspace: Path | None,
    write: Path | None,
    logs: Path,
    *,
    quick: bool,
) -> BenchDone:
    from engine.bench.run import bench

    output = context.output
    figures: list[Figure] = []
    machines: list[BenchMachine] = []
    with interruptible(keep=False) as cancel, output.progress("Bench", None) as bar:

        def emit(event: Event) -> None:
            output.event(event)
            match event:
                case BenchMachine():
                    machines.append(event)
                case BenchStep():
                    bar.update(event.number - 1, event.of, event.measurement)
                case Figure():
                    figures.append(event)
                    value = event.failure or measured(event.value, event.unit)
                    output.note(f"{event.what}: {value}")

        done = bench(
            context.settings,
            PROGRAM,
            cancel,
            emit,
            logs=logs,
            only=only,
            quick=quick,
            workspace=workspace,
        )
    closing = _closing(done)
    output.table(BENCH_COLUMNS, [row(figure) for figure in figures])
    for text in filter(None, map(remarks, figures)):
        output.result(text)
    for text in (*machine_lines(machines[0]), closing):
        output.result(text)
    if write is not None:
        day = datetime.now(UTC).date()
        add_section(write, markdown(day, machines[0], figures, closing))
    if done.failed:
        failed = ", ".join(figure.key for figure in figures if figure.failure)
        raise ModelError(
            "Not everything could be measured",
            failed,
            "The details are in {log}.".format(log=logs / "bench.log"),
        )
    return done


@contextlib.contextmanager
def _logs(workspace: Workspace) -> Iterator[Path]:
    """Where measurements log: in the workspace; where there is none, in a folder that stays only
    if not everything could be measured."""
    if workspace.root.is_dir():
        yield workspace.logs
        return
    folder = Path(tempfile.mkdtemp(prefix="facedesk-bench-log-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            yield folder
        except ModelError:
            stack.pop_all()  # the error names the log
            raise


def _closing(done: BenchDone) -> str:
    text = "{figures} in {time}; aims missed: {missed}, failed: {failed}"
    if done.quick:
        text = "{figures} in {time}, quick and rough; aims missed: {missed}, failed: {failed}"
    return text.format(
        figures=many(done.figures, "figure"),
        time=span(done.seconds),
        missed=done.missed,
        failed=done.failed,
    )


def add_section(file: Path, section: str) -> None:
    """Put a section on top of those that a file has, below its heading."""
    with translate_os_errors("write a file", file):
        before = file.read_text(encoding="utf-8") if file.exists() else f"# {HEADING}\n"
        head, mark, rest = before.partition("\n## ")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{head.rstrip()}\n\n{section}{mark}{rest}", encoding="utf-8")

"""`facedesk doctor`, `bench`, `keys`, `completion`: what works here, how fast, and which keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from engine.contract import BenchMachine, DoctorDone, Figure, Finding
from engine.contract.errors import DataError, ModelError, SourceUnreadable
from engine.machine import python
from engine.text import many
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors
from tui.cli.listen import Listener
from tui.cli.options import COMPLETING, PATH, Globals, TakesGlobals, complete_sources
from tui.cli.run import Context, command, interruptible
from tui.words.figures import FINDING_GROUPS, STATES, by_group, findings_verdict
from tui.words.tables import BENCH_COLUMNS, machine_lines, markdown, measured, remarks, row
from tui.words.text import span


@command(opening="given")
@click.option(
    "--camera",
    metavar="SRC",
    shell_complete=complete_sources,
    help="Measure this source: /dev/video0, a clip, a URL, demo:NAME.",
)
def doctor(context: Context, camera: str | None) -> None:
    """Check cameras, files, processor, terminal and disk.

    Says what is wrong, and the remedy.

    \b
    facedesk doctor
    facedesk doctor --camera rtsp://camera.local/live
    facedesk doctor --json > report.jsonl
    """
    from engine.doctor.cameras import check_camera
    from engine.doctor.checks import survey
    from tui.terminal.graphics import terminal_findings

    output = context.output
    found: list[Finding] = []
    emit = Listener(output, handlers={Finding: found.append})
    terminal = terminal_findings(os.environ, *shutil.get_terminal_size())
    for finding in (*survey(context.workspace, context.settings), *terminal):
        emit(finding)
    usable = [f.device for f in found if f.device and f.subject == f.device and f.state == "ok"]
    for source in [camera] if camera else usable:
        output.note(f"Measuring {source}")
        with interruptible(keep=False) as cancel:
            check_camera(source, context.settings, cancel, emit, asked=camera is not None)
    for group, members in by_group(found).items():
        output.result(FINDING_GROUPS[group])
        width = max(len(finding.subject) for finding in members)
        for finding in members:
            state, _style = STATES[finding.state]
            output.result(f"  {state:<10} {finding.subject:<{width}}  {finding.value}")
            if finding.remedy:
                output.result(f"    → {finding.remedy}")
    output.result(f"{findings_verdict(found)} ({many(len(found), 'finding')}).")
    troubles = tuple(finding.subject for finding in found if finding.state == "trouble")
    output.event(DoctorDone(findings=len(found), troubles=troubles))
    if troubles:
        others = any(f.state == "trouble" and f.group != "camera" for f in found)
        kind = DataError if others else SourceUnreadable
        raise kind("Something is broken", ", ".join(troubles), "See the remedy of each.")


@command()
@click.option("--quick", is_flag=True, help="Less of everything: a minute or so, and rougher.")
@click.option(
    "--only", multiple=True, metavar="NAME", help="One measurement; may be given several times."
)
@click.option(
    "--write", type=PATH, metavar="FILE", help="Add the table, dated, to a Markdown file."
)
def bench(context: Context, quick: bool, only: tuple[str, ...], write: Path | None) -> None:
    """Measure speed and memory on this machine.

    Works on the demo's pictures, or with --workspace on those of the people there, in a folder of
    its own that is removed at the end. Measurements: train, add, features, recognise, score,
    start, keys, memory, vault.

    \b
    facedesk bench
    facedesk bench --quick --only score --only start
    facedesk bench --write bench/RESULTS.md
    """
    from engine.bench.run import bench

    output = context.output
    figures: list[Figure] = []
    machines: list[BenchMachine] = []

    def show(event: Figure) -> None:
        figures.append(event)
        output.note(f"{event.what}: {event.failure or measured(event.value, event.unit)}")

    with _logs(context.workspace) as logs:
        with interruptible(keep=False) as cancel, output.progress("Bench", None) as bar:
            done = bench(
                context.settings,
                python("-m", "tui"),
                cancel,
                Listener(output, bar, {BenchMachine: machines.append, Figure: show}),
                logs=logs,
                only=only,
                quick=quick,
                workspace=click.get_current_context().ensure_object(Globals).workspace,
            )
        closing = (
            f"{many(done.figures, 'figure')} in {span(done.seconds)}"
            f"{', quick and rough' if quick else ''}; "
            f"aims missed: {done.missed}, failed: {done.failed}"
        )
        output.table(BENCH_COLUMNS, [row(figure) for figure in figures])
        output.result(*filter(None, map(remarks, figures)), *machine_lines(machines[0]), closing)
        if write is not None:
            day = datetime.now(UTC).date()
            add_section(write, markdown(day, machines[0], figures, closing))
        if done.failed:  # the others are printed and written all the same
            raise ModelError(
                "Some measurements failed",
                ", ".join(figure.key for figure in figures if figure.failure),
                f"The details are in {logs / 'bench.log'}.",
            )


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


def add_section(file: Path, section: str) -> None:
    """Put a section on top of those that a file has, below its heading."""
    with translate_os_errors("write a file", file):
        new = "# What `facedesk bench` measured\n"
        before = file.read_text(encoding="utf-8") if file.exists() else new
        head, mark, rest = before.partition("\n## ")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{head.rstrip()}\n\n{section}{mark}{rest}", encoding="utf-8")


@command(native=False, opening="no")
@click.option("--file", is_flag=True, help="Print a key file that is ready to be edited.")
def keys(context: Context, file: bool) -> None:
    """List the app's keys.

    A line has id, key, where it works, what it does.

    Your own keys stand in keys.toml beside the configuration (`facedesk doctor` says where), a
    line each: "anywhere.new_person" = "f4".

    \b
    facedesk keys
    facedesk keys --file > ~/.config/facedesk/keys.toml
    """
    from engine.config import keys_file
    from tui.keys import CONTEXTS, KEYS
    from tui.keys.keymap import as_file, read_keymap

    output = context.output
    keymap = read_keymap(keys_file(), KEYS)
    output.note(*keymap.troubles)
    if file and not output.as_json:
        output.result(*as_file(KEYS, keymap).splitlines())
        return
    output.records(
        "key",
        KEYS,
        lambda row: [
            f"{row.id:<32} {keymap.shown(row):<10} {CONTEXTS[row.context]:<22} {row.tooltip}"
        ],
        fields=lambda row: {
            "id": row.id,
            "key": keymap.key(row),
            "context": row.context,
            "tooltip": row.tooltip,
            "changed": row.id in keymap.changed,
        },
    )


@click.command(cls=TakesGlobals)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands.

    \b
    eval "$(facedesk completion bash)"        # in ~/.bashrc
    eval "$(facedesk completion zsh)"         # in ~/.zshrc
    facedesk completion fish | source         # in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    assert made is not None  # the choice above
    click.echo(made(ctx.find_root().command, {}, "facedesk", COMPLETING).source())

"""What every command gets, its Context, how it ends, and how the app is run with it.

What is needed only by a command that runs is imported by then: `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import getpass
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from engine.cancel import Cancel
from engine.contract.errors import (
    Cancelled,
    FacedeskError,
    UsageError,
    VaultError,
    WorkspaceUnusable,
    WrongKey,
)
from tui.cli.options import DEFAULT_WORKSPACE, Globals, TakesGlobals, at_terminal, workspace_folder

if TYPE_CHECKING:
    from engine.contract import Event
    from engine.contract.requests import EnrolRequest, RecogniseRequest
    from engine.settings import Settings
    from engine.workspace.folder import Workspace
    from engine.workspace.vault.keys import Opener, VaultRecord
    from tui.cli.output import Output
    from tui.demo import DemoScript

TRIES = 3
"""Passphrases asked for before giving up."""

Opening = Literal["ask", "screen", "given", "no"]
"""How far to go: ask the operator, on a screen of its own, take what the settings give and go on
without, or not at all."""
_WARNED: set[Path] = set()
"""Workspaces of which a warning has said who else may reach them."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every command gets: the workspace it works on, the settings, and where it prints."""

    workspace: Workspace
    settings: Settings
    output: Output

    def warn_of_plain(self, path: Path) -> None:
        """Say that what was written to `path` from an encrypted workspace is not encrypted."""
        from engine.workspace.vault.opened import opened

        if opened(self.workspace.root) is not None:
            self.output.note(f"{path} is not encrypted: keep it private, or delete it.")

    @contextlib.contextmanager
    def writing(self, what: str, *, purging: bool = True) -> Iterator[None]:
        """Hold the workspace's writer lock; say once who else may reach the workspace, and what was
        recovered after a run cut short. Raises WorkspaceShared if the former is refused.

        What is due to go goes first, unless `purging` is False: a command that removes such things
        itself counts them.
        """
        from engine.rights.upkeep import note_settings, purge, writing
        from engine.workspace.owner import refuse_exposed

        root = self.workspace.root
        found = refuse_exposed(root, self.settings.privacy)
        for each in () if root in _WARNED else found:
            self.output.note(f"Warning: {each.text}. Remedy: {each.remedy}")
        _WARNED.add(root)
        with writing(self.workspace, f"facedesk {what}", self._report):
            note_settings(self.workspace, self.settings)
            if purging:
                purge(self.workspace, self.settings)
            yield

    def _report(self, event: Event) -> None:
        """Say what was done before this command may write."""
        from tui.words.events import BEFORE_WRITING

        self.output.event(event)
        self.output.warn(BEFORE_WRITING[type(event)](event))


def takes_context(
    *,
    native: bool = True,
    folder: Path = DEFAULT_WORKSPACE,
    opening: Opening = "ask",
    writes: bool = False,
    before: Callable[..., None] | None = None,
    confirm: str | Callable[..., str] = "",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command its Context as first argument, and exit with an error's code if it fails.

    `native` moves descriptors 1 and 2 into the log, away from what native libraries print; a
    command that opens the app, by its option `tui`, keeps them. `folder` is the workspace if none
    was named, `opening` says how an encrypted one is opened. With `writes` the command holds the
    writer lock, by its own name, from beginning to end. `before` gets the same values while nothing
    is touched yet, and raises click.UsageError. With `confirm` a question is asked on a terminal
    first, unless the command's option `--yes` is given: it may name the command's values in braces,
    or be made of them. If the answer is no, click.Abort is raised.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**values: Any) -> None:
            if confirm and not values.pop("yes") and at_terminal():
                words = confirm(**values) if callable(confirm) else confirm.format(**values)
                click.confirm(words, abort=True, err=True)
            if before is not None:
                before(**values)
            aside = native and not values.get("tui")
            ctx = click.get_current_context()
            opened = _opened(
                ctx.ensure_object(Globals), native=aside, folder=folder, opening=opening
            )
            with contextlib.ExitStack() as stack:
                context = stack.enter_context(opened)
                if writes:
                    stack.enter_context(context.writing(ctx.command_path.partition(" ")[2]))
                command(context, **values)

        return run

    return decorate


def command(name: str | None = None, **how: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a command below the root; `how` as `takes_context` has it."""
    return lambda run: click.command(name, cls=TakesGlobals)(takes_context(**how)(run))


class SubGroup(TakesGlobals, click.Group):
    """A group of commands below the root; without a command its `default` runs."""

    command_class = TakesGlobals

    def __init__(self, *args: Any, default: str = "list", **kwargs: Any) -> None:
        super().__init__(*args, invoke_without_command=True, **kwargs)
        self._default = default
        self.callback = self._call_default

    def _call_default(self) -> None:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is None:
            ctx.invoke(self.commands[self._default])

    def command(  # type: ignore[override]
        self, name: str, *, native: bool = False, **how: Any
    ) -> Callable[[Callable[..., None]], click.Command]:
        """Declare a command of the group; `how` as `takes_context` has it."""
        add = super().command(name)
        return lambda run: add(takes_context(native=native, **how)(run))


@contextlib.contextmanager
def _opened(given: Globals, *, native: bool, folder: Path, opening: Opening) -> Iterator[Context]:
    """The context of a command; an error within the block is printed, and ends the process."""
    from engine.config import load_settings
    from engine.logs import guard_output, quieten_libraries
    from engine.shortage import shortage
    from engine.workspace.folder import Workspace, format_of
    from engine.workspace.owner import refuse_exposed
    from tui.cli.output import Output

    quieten_libraries()
    workspace = Workspace(workspace_folder(given, folder))
    output = Output(
        sys.stdout, sys.stderr, as_json=given.as_json, quiet=given.quiet, verbose=given.verbose
    )
    with contextlib.ExitStack() as stack:
        try:
            # What a newer version has written is not touched: no log is written before this.
            with contextlib.suppress(WorkspaceUnusable):  # who needs the workspace says so
                format_of(workspace.root)
            if native:
                stack.enter_context(guard_output(workspace.logs, "cli"))
            settings = load_settings()
            if opening in ("ask", "screen"):
                refuse_exposed(workspace.root, settings.privacy)
            if opening == "screen":
                from tui.terminal.line import need_terminal

                need_terminal()
            open_workspace(workspace, settings, opening)
            yield Context(workspace, settings, output)
        except (click.Abort, click.ClickException):
            raise  # a question was answered with no: `main` says so
        except Exception as error:  # no traceback is ever shown to an operator
            known = error if isinstance(error, FacedeskError) else None
            shown = shortage(error) or known or internal_error(error, workspace.logs)
            output.error(shown)
            raise SystemExit(shown.exit_code) from None


def open_workspace(workspace: Workspace, settings: Settings, opening: Opening) -> None:
    """Open the workspace's vault, if it has one.

    Raises VaultLocked where nobody can be asked, WrongKey, VaultError; Cancelled by Ctrl+C.
    """
    from engine.workspace.vault.keys import unlock

    if opening == "no":
        return
    if opening == "given":
        try:
            unlock(workspace.root, settings.vault)
        except VaultError:
            return  # whoever goes on without says what is locked
        return
    if not can_ask():
        unlock(workspace.root, settings.vault)
        return
    if opening == "screen":
        _on_a_screen(workspace, settings)
        return
    for attempt in range(1, TRIES + 1):
        try:
            unlock(workspace.root, settings.vault, lambda record: _ask(workspace, record))
            return
        except WrongKey as error:
            if attempt == TRIES or _is_given(settings):
                raise
            click.echo(f"{error.title}. {error.hint}", err=True)


def _on_a_screen(workspace: Workspace, settings: Settings) -> None:
    """Before the app: a passphrase screen, if nothing else opens the vault."""
    from engine.workspace.vault.keys import given, open_with, read_record, unlock

    record = read_record(workspace.root)
    if record is None or record.wrap.by != "passphrase":
        unlock(workspace.root, settings.vault)
        return
    opener = given(record, settings.vault)  # standard input gives it once
    if opener is not None:
        open_with(workspace.root, record, opener)
        return
    from tui.unlock import UnlockApp  # Textual takes longer to load than most commands to run

    if not UnlockApp(workspace, record).run(mouse=False):
        raise Cancelled


def can_ask() -> bool:
    """Whether there is a terminal to ask on."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def ask_passphrase(prompt: str) -> str:
    """A line typed on the terminal, which does not show it. Raises Cancelled."""
    try:
        return getpass.getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        click.echo("", err=True)
        raise Cancelled from None


def ask_new_passphrase() -> Opener:
    """A new passphrase, typed twice. Raises VaultError, Cancelled."""
    from engine.workspace.vault.keys import check_new_passphrase, from_passphrase

    text = ask_passphrase("New passphrase: ")
    check_new_passphrase(text)
    if ask_passphrase("The same again: ") != text:
        raise VaultError("The passphrase cannot be used", "the two are not the same", "Try again.")
    return from_passphrase(text)


def _ask(workspace: Workspace, record: VaultRecord) -> Opener:
    from engine.workspace.vault.keys import from_passphrase

    for line in (
        f"The workspace {workspace.root} is encrypted.",
        "Type its passphrase; nothing is shown while you type. Ctrl+C leaves.",
        f"It is that of vault key {record.key.hex()[:8]}, made {record.created[:10]}; "
        "nobody can open it without.",
    ):
        click.echo(line, err=True)
    return from_passphrase(ask_passphrase("Passphrase: "))


def _is_given(settings: Settings) -> bool:
    return bool(settings.vault.key_file or settings.vault.passphrase_file)


def internal_error(error: Exception, logs: Path) -> FacedeskError:
    """One sentence for a fault of ours; the traceback goes to the log."""
    from engine.logs import mask_lines, open_log
    from engine.text import mask_credentials, shown_lines
    from engine.workspace.files import make_directory

    details = mask_lines("".join(traceback.format_exception(error)))
    with contextlib.suppress(OSError, FacedeskError):
        make_directory(logs.parent)  # also where there is no workspace yet: it is to be reported
    handle = open_log(logs, "cli")
    os.write(handle, shown_lines(details).encode("utf-8", "replace"))
    os.close(handle)
    return FacedeskError(
        "An internal error",
        mask_credentials(f"{type(error).__name__}: {error}"),
        f"Please report it with {logs / 'cli.log'}; what was finished before is kept.",
    )


def say(error: FacedeskError, *, as_json: bool = False) -> None:
    """Print an error that no command met, the way all errors are printed."""
    from tui.cli.output import Output

    Output(sys.stdout, sys.stderr, as_json=as_json, quiet=False).error(error)


@contextlib.contextmanager
def interruptible(
    *, keep: bool, enter_stops: bool = False, asking: threading.Event | None = None
) -> Iterator[Cancel]:
    """A cancel token that Ctrl+C and SIGTERM set; a second Ctrl+C ends the process at once.

    `keep` chooses between an orderly end and giving up. With `enter_stops`, Enter on a terminal
    ends the job in order, but not while `asking` is set: the line then answers a question. After
    an interrupted block Cancelled is raised, so that the exit code says it; after Enter nothing
    is. What the job did is therefore said within the block.
    """
    token = Cancel()
    interrupted = False

    def on_signal(number: int, frame: Any) -> None:
        nonlocal interrupted
        if interrupted:
            os._exit(130)
        interrupted = True
        (token.stop if keep else token.cancel)()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    finished = threading.Event()
    if enter_stops and at_terminal():
        threading.Thread(
            target=_await_enter, args=(token, finished, asking or threading.Event()), daemon=True
        ).start()
    try:
        yield token
    finally:
        finished.set()
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupted:
        raise Cancelled("Interrupted", "what was finished before is kept")


def _await_enter(token: Cancel, finished: threading.Event, asking: threading.Event) -> None:
    """Stop the job at the first line on stdin that answers no question."""
    while not finished.is_set():
        ready, _, _ = select.select([sys.stdin], [], [], 0.2)
        if ready and asking.is_set():
            finished.wait(0.2)
        elif ready:
            sys.stdin.readline()
            token.stop()
            return


def collect_rarely() -> None:
    """Keep Python's search for circular garbage away from the keys. Of what was imported nothing
    becomes garbage, and looking through it took 50 ms at a time, a fifth of all work for keys.
    """
    gc.freeze()
    gc.set_threshold(2_000, 10, 50)


def run_app(
    context: Context,
    script: DemoScript | None = None,
    *,
    record: Path | None = None,
    first: EnrolRequest | RecogniseRequest | None = None,
) -> None:
    """Run the app on the context's workspace until the operator quits.

    `record` names the recordings of its camera jobs, `first` is a job to begin with.
    """
    if context.output.as_json:
        raise UsageError("The app prints no JSON", "", "Use a command: `facedesk --help`.")
    from engine.desk.local import LocalDesk
    from tui.app import FacedeskApp
    from tui.terminal.line import need_terminal

    need_terminal()

    context.workspace.prepare()
    desk = LocalDesk(context.workspace, context.settings, record)
    app = FacedeskApp(desk, script, welcome=first is None)
    app.first_job = first
    collect_rarely()
    try:
        app.run(mouse=context.settings.app.mouse)
    finally:
        app.finish()
    if app.return_code:
        raise SystemExit(app.return_code)


open_app = takes_context(native=False, opening="screen")(run_app)
"""`facedesk` without a command. Raises UsageError where there is no terminal."""

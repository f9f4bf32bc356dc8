"""How commands are declared: global options, groups, options that commands share, completion.

A command's docstring is its help.
"""

from __future__ import annotations

import functools
import importlib
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.exceptions import NoSuchCommand
from click.shell_completion import BashComplete, CompletionItem, FishComplete, add_completion_class

if TYPE_CHECKING:
    from engine.workspace.folder import Workspace

DEFAULT_WORKSPACE = Path("data")
PATH = click.Path(path_type=Path)
COMPLETING = "_FACEDESK_COMPLETE"
"""Through which the shell asks for completions; click makes it from the program's name."""


@dataclass(frozen=True, slots=True)
class Globals:
    """The global options as they were given, wherever they stood on the line."""

    workspace: Path | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False


def workspace_folder(given: Globals, default: Path = DEFAULT_WORKSPACE) -> Path:
    """The workspace: that of the command line, else of the environment, else `default`."""
    return Path(given.workspace or os.environ.get("FACEDESK_WORKSPACE") or default)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Add a global option to those that were given before."""
    given = ctx.ensure_object(Globals)
    ctx.obj = replace(given, **{str(param.name): value}) if value else given


def global_options() -> list[click.Parameter]:
    """The options that every command takes; `ctx.obj` is the Globals that they make."""
    folder = "Folder of people, models and logs (default ./data, or $FACEDESK_WORKSPACE)."
    option = functools.partial(click.Option, expose_value=False, callback=_keep)
    return [
        option(["--workspace"], type=PATH, help=folder),
        option(["--json", "as_json"], is_flag=True, help="JSON Lines on stdout."),
        option(["--quiet"], is_flag=True, help="Results and errors only."),
        option(["-v", "--verbose"], is_flag=True, help="Statistics too."),
    ]


class TakesGlobals(click.Command):
    """A command or group that takes the global options too, so that they may stand anywhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options())


SPELLINGS = {"enrol": "enroll", "recognise": "recognize"}
"""British spellings of commands."""


class Home(NamedTuple):
    """Where a command is, `module:name` below `tui.cli`, and its help's first sentence."""

    place: str
    help: str


class TopGroup(click.Group):
    """The root, which imports a command only when that command is asked for.

    `homes`: by the help's heading and the command's name. Listing them imports none of them.
    """

    def __init__(self, *args: Any, homes: Mapping[str, Mapping[str, Home]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._groups = homes
        self._homes = dict(chain.from_iterable(each.items() for each in homes.values()))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names in the order of the help."""
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name in either spelling; None if there is none."""
        home = self._homes.get(SPELLINGS.get(cmd_name, cmd_name))
        if home is None:
            return None
        module, name = home.place.split(":")
        command: click.Command = getattr(importlib.import_module(f"tui.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with. Raises NoSuchCommand, which names the nearest.

        Where there is none, click looks for the nearest among commands that are imported.
        """
        name = args[0]
        if not (ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name)):
            raise NoSuchCommand(name, possibilities=[*self._homes, *SPELLINGS], ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands group by group, from the table, with one width for all names."""
        longest = max(map(len, self._homes))
        width = formatter.width - 6 - longest
        for group, homes in self._groups.items():
            with formatter.section(group):
                listed = [(f"{name:<{longest}}", self._listed(name, width)) for name in homes]
                formatter.write_dl(listed)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the commands' names and the root's options."""
        return [
            CompletionItem(name, help=self._listed(name))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ] + click.Command.shell_complete(self, ctx, incomplete)

    def _listed(self, name: str, width: int = 45) -> str:
        """The sentence of a command, cut as click cuts it."""
        return click.Command(name, help=self._homes[name].help).get_short_help_str(width)


class NumberRange(click.FloatRange):
    """Numbers between two; to click's own range NaN is neither too low nor too high."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number. Fails as every type of click does."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number


consent_option = click.option(
    "--consent",
    default="",
    metavar="WHO",
    help="The people agreed to consent.text; WHO asked them.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
record_option = click.option(
    "--record",
    type=PATH,
    metavar="NAME",
    help="Record the session as NAME.fdrec (faces, unencrypted); `facedesk replay` plays it.",
)


def at_terminal() -> bool:
    """Whether somebody can answer on standard input."""
    return sys.stdin is not None and sys.stdin.isatty()


def _complete(
    words: Callable[[Workspace], Iterable[str]],
    ctx: click.Context,
    param: click.Parameter,
    incomplete: str,
    *,
    files: bool = False,
) -> list[CompletionItem]:
    """What `words` reads that begins so; with `files` paths are completed too."""
    from engine.workspace.folder import Workspace

    # Click's script for bash forgets what came before a file.
    found = [CompletionItem(incomplete, type="file")] if files else []
    try:
        known = list(words(Workspace(workspace_folder(ctx.ensure_object(Globals)))))
    except Exception:  # an error in the middle of a typed line helps nobody
        return found
    return found + [CompletionItem(word) for word in known if word.startswith(incomplete)]


def _people(workspace: Workspace) -> list[str]:
    from engine.people.registry import People

    return [person.name for person in People(workspace).list()]


def _newcomers(workspace: Workspace) -> list[str]:
    from engine.people import roster

    return [row.name for row in roster.rows(workspace) if not row.done] + _people(workspace)


def _models(workspace: Workspace) -> list[str]:
    from engine.model.store import ModelStore

    return [info.id for info in ModelStore(workspace).list()]


def _sources(workspace: Workspace) -> list[str]:
    from engine.people.registry import People

    people = People(workspace).list()
    before = {session.source for person in people for session in person.sessions}
    cameras = map(str, sorted(Path("/dev").glob("video*")))
    addresses = sorted(source for source in before if "://" in source and "***" not in source)
    return [*cameras, "demo:collins", "demo:hopper", *addresses]


def _recordings(workspace: Workspace) -> list[str]:
    from engine.rights.stores import recordings_below

    return list(map(str, recordings_below(workspace)))


def _sightings(workspace: Workspace) -> list[str]:
    from engine.people.unknown import UnknownStore
    from engine.settings import UnknownSettings

    return [sighting.id for sighting in UnknownStore(workspace, UnknownSettings()).sightings()]


def _strangers(workspace: Workspace) -> list[str]:
    from engine.people.registry import strangers

    return [stranger.name for stranger in strangers(workspace)]


def _changes(workspace: Workspace) -> list[str]:
    from engine.people.trash import Trash

    return [change.id for change in Trash(workspace).changes()]


complete_people = functools.partial(_complete, _people)
complete_newcomers = functools.partial(_complete, _newcomers)
"""Who waits on the roster, then who is enrolled."""
complete_sightings = functools.partial(_complete, _sightings)
complete_strangers = functools.partial(_complete, _strangers)
complete_changes = functools.partial(_complete, _changes)
complete_models = functools.partial(_complete, _models)
complete_sources = functools.partial(_complete, _sources, files=True)
complete_recordings = functools.partial(_complete, _recordings, files=True)

model_option = click.option(
    "--model",
    shell_complete=complete_models,
    help="A model's id or its start (default: the one in use).",
)


class Bash(BashComplete):
    """Bash takes a word as it is typed: a space in a name has a backslash before it."""

    def format_completion(self, item: CompletionItem) -> str:
        """`type,value`; click's script reads away one backslash of two."""
        if item.type == "plain":
            return "plain," + re.sub(r"([^\w@%+=:,./-])", r"\\\\\1", item.value)
        return super().format_completion(item)


class Fish(FishComplete):
    """Click's script for fish cuts a name or a sentence off at its comma."""

    source_template = FishComplete.source_template.replace('split ","', 'split --max 1 ","')


add_completion_class(Bash)
add_completion_class(Fish)

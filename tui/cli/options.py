"""The options that every command takes, wherever they stand on the line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class TakesGlobals(click.Command):
    """A command or group that takes the global options too, so that they may stand anywhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options())

    def invoke(self, ctx: click.Context) -> Any:
        """Merge the global options given here with those given before, then run the command."""
        for name in ("workspace", "as_json", "quiet"):
            value = ctx.params.pop(name)
            if value:
                ctx.obj[name] = value
        return super().invoke(ctx)


class TopGroup(click.Group):
    """The root: its commands take the global options after them as well."""

    command_class = TakesGlobals


class SubGroup(TakesGlobals, click.Group):
    """A group of commands below the root."""

    command_class = TakesGlobals


def global_options() -> list[click.Parameter]:
    """The options that every command takes."""
    return [
        click.Option(
            ["--workspace"],
            type=click.Path(path_type=Path),
            help="Folder of people, models and logs (default ./data, or $FACEDESK_WORKSPACE).",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="JSON Lines on stdout."),
        click.Option(["--quiet"], is_flag=True, help="Results and errors only."),
    ]


def record_option() -> Callable[[Command], Command]:
    """`--record NAME` of the commands that read a camera."""
    return click.option(
        "--record",
        type=click.Path(path_type=Path),
        metavar="NAME",
        help="Record the session as NAME.fdrec (faces, unencrypted); `facedesk replay` plays it.",
    )

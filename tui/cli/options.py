"""The options that every command takes, wherever they stand on the line.

A command's docstring is its help.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

UNWRAPPED = "\b\n"
"""How a block begins that click leaves as it stands."""


def help_in_words(docstring: str) -> str:
    """Return the help of a command: each paragraph on one line, for click wraps it again."""
    return "\n\n".join(
        block if block.startswith(UNWRAPPED) else " ".join(block.split("\n"))
        for block in inspect.cleandoc(docstring).split("\n\n")
    )


Command = TypeVar("Command", bound=Callable[..., Any])


class Translated(click.Command):
    """A command or group whose help, a docstring, is in the operator's language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.help is not None:
            self.help = help_in_words(self.help)


class TakesGlobals(Translated):
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


class TopGroup(Translated, click.Group):
    """The root, which imports a command only when that command is asked for.

    `homes`: by the command's name, its module and the name it has there, `module:name`.
    """

    def __init__(self, *args: Any, homes: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names in order."""
        return sorted(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None if there is none."""
        if cmd_name not in self._homes:
            return None
        module, name = self._homes[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


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


def consent_option() -> Callable[[Command], Command]:
    """`--consent WHO` of the commands that enrol."""
    return click.option(
        "--consent",
        default="",
        metavar="WHO",
        help="They agreed to the text of consent.text; WHO asked and notes it.",
    )


def record_option() -> Callable[[Command], Command]:
    """`--record NAME` of the commands that read a camera."""
    return click.option(
        "--record",
        type=click.Path(path_type=Path),
        metavar="NAME",
        help="Record the session as NAME.fdrec (faces, unencrypted); `facedesk replay` plays it.",
    )

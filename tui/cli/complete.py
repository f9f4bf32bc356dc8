"""What the shell completes: people, models, sources and recordings of the workspace.

The functions are passed as `shell_complete`. They read and never ask: what cannot be read, as in
an encrypted workspace, is not completed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from tui.cli.options import Globals, workspace_folder

if TYPE_CHECKING:
    from engine.workspace.folder import Workspace

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completion(words: Callable[[Workspace], Iterable[str]], *, files: bool = False) -> Completion:
    """A completion by what `words` reads; with `files` paths are completed too."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from engine.workspace.folder import Workspace

        # Click's script for bash forgets what came before a file.
        found = [CompletionItem(incomplete, type="file")] if files else []
        try:
            known = list(words(Workspace(workspace_folder(ctx.ensure_object(Globals)))))
        except Exception:  # an error in the middle of a typed line helps nobody
            return found
        return found + [CompletionItem(word) for word in known if word.startswith(incomplete)]

    return complete


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


people = _completion(_people)
newcomers = _completion(_newcomers)
"""Who waits on the roster, then who is enrolled."""
models = _completion(_models)
sources = _completion(_sources, files=True)
recordings = _completion(_recordings, files=True)


class Bash(BashComplete):
    """Bash takes a word as it is typed: a space in a name has a backslash before it."""

    def format_completion(self, item: CompletionItem) -> str:
        """`type,value`; click's script reads away one backslash of two."""
        if item.type == "plain":
            return "plain," + re.sub(r"([^\w@%+=:,./-])", r"\\\\\1", item.value)
        return super().format_completion(item)


add_completion_class(Bash)

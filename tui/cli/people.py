"""`facedesk people`: the group of commands about enrolled people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup, consent_option
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def people(ctx: click.Context) -> None:
    """People: list, show, rename, merge, move pictures, consent, delete (without: list).

    \b
    facedesk people show "Ada Lovelace"
    facedesk people merge Ada "Ada Lovelace"
    """
    if ctx.invoked_subcommand is None:
        list_command(ctx.obj)


def list_command(options: dict[str, Any]) -> None:
    """Print everybody enrolled."""

    def job(context: Context) -> None:
        from tui.commands.people import list_people

        list_people(context)

    run(options, job, native=False)


@people.command("list")
@click.pass_obj
def people_list(options: dict[str, Any]) -> None:
    """Everybody enrolled, with pictures, sessions and whether the model knows them.

    \b
    facedesk people list --json
    """
    list_command(options)


@people.command("rename")
@click.argument("old")
@click.argument("new")
@click.pass_obj
def people_rename(options: dict[str, Any], old: str, new: str) -> None:
    """Give OLD the name NEW. Pictures and model stay valid.

    \b
    facedesk people rename Ada "Ada Lovelace"
    """

    def job(context: Context) -> None:
        from tui.commands.people import rename_person

        rename_person(context, old, new)

    run(options, job, native=False)


@people.command("show")
@click.argument("name")
@click.option("--pictures", is_flag=True, help="List every picture too.")
@click.pass_obj
def people_show(options: dict[str, Any], name: str, pictures: bool) -> None:
    """Sessions, quality, consent of NAME, and whom the model takes them for.

    \b
    facedesk people show "Ada Lovelace" --pictures
    """

    def job(context: Context) -> None:
        from tui.commands.people import show_person

        show_person(context, name, pictures)

    run(options, job, native=False)


@people.command("merge")
@click.argument("source")
@click.argument("target")
@click.pass_obj
def people_merge(options: dict[str, Any], source: str, target: str) -> None:
    """Give all sessions of SOURCE to TARGET, who then is both. `trash undo` takes it back.

    \b
    facedesk people merge Ada "Ada Lovelace"
    """

    def job(context: Context) -> None:
        from tui.commands.people import merge_people

        merge_people(context, source, target)

    run(options, job, native=False)


@people.command("move")
@click.argument("name")
@click.argument("pictures", nargs=-1, required=True)
@click.argument("to")
@click.pass_obj
def people_move(options: dict[str, Any], name: str, pictures: tuple[str, ...], to: str) -> None:
    """Give PICTURES of NAME (SESSION or SESSION/FILE) to another person, TO.

    \b
    facedesk people move Ada 20261124-093000-001/0007.png "Grace Hopper"
    """

    def job(context: Context) -> None:
        from tui.commands.people import move_pictures

        move_pictures(context, name, pictures, to)

    run(options, job, native=False)


@people.command("consent")
@click.argument("name")
@click.option("--by", default="", help="Who asked the person and notes it.")
@click.option("--text-version", default="", help="Version of the text (default: as configured).")
@click.option("--withdraw", is_flag=True, help="The person took their consent back.")
@click.pass_obj
def people_consent(
    options: dict[str, Any], name: str, by: str, text_version: str, withdraw: bool
) -> None:
    """Note that NAME agreed to be enrolled: by whom, when, which text.

    \b
    facedesk people consent "Ada Lovelace" --by "Desk one"
    facedesk people consent "Ada Lovelace" --withdraw
    """

    def job(context: Context) -> None:
        from tui.commands.people import consent

        consent(context, name, by, text_version, withdraw)

    run(options, job, native=False)


@people.command("delete")
@click.argument("name")
@click.argument("pictures", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def people_delete(options: dict[str, Any], name: str, pictures: tuple[str, ...], yes: bool) -> None:
    """Delete NAME, or only PICTURES of theirs (SESSION or SESSION/FILE). Asks on a terminal.

    They lie in the trash for `trash.keep_days`; `facedesk trash undo` brings them back.

    \b
    facedesk people delete "Ada Lovelace"
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        question = (
            f"Delete {len(pictures)} entries of {name}?"
            if pictures
            else f"Delete {name} and all their pictures?"
        )
        click.confirm(question, abort=True, err=True)

    def job(context: Context) -> None:
        from tui.commands.people import delete

        delete(context, name, pictures)

    run(options, job, native=False)


@people.command("export")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def people_export(options: dict[str, Any], name: str, file: Path) -> None:
    """Write all that is held on NAME to FILE, a zip that only you can read. Never overwrites.

    \b
    facedesk people export "Ada Lovelace" ada.zip
    """

    def job(context: Context) -> None:
        from tui.commands.person_archive import export

        export(context, name, file)

    run(options, job, native=False)


@people.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@consent_option()
@click.pass_obj
def people_import(options: dict[str, Any], file: Path, consent: str) -> None:
    """Enrol the person of FILE, as `people export` wrote it elsewhere. Consent comes along.

    \b
    facedesk people import ada.zip
    """

    def job(context: Context) -> None:
        from tui.commands.person_archive import take_in

        take_in(context, file, consent)

    run(options, job, native=False)


@people.command("erase")
@click.argument("name")
@click.option("--by", default="", help="Who erases, for the receipt (default: the system user).")
@click.option("--yes", is_flag=True, help="Do not ask whether to erase.")
@click.option(
    "--shared-stay", is_flag=True, help="Go on where others hold the same pictures: they stay."
)
@click.option(
    "--unsure",
    type=click.Choice(["remove", "keep"]),
    default=None,
    help="What becomes of unknown people who may be NAME.",
)
@click.pass_obj
def people_erase(
    options: dict[str, Any], name: str, by: str, yes: bool, shared_stay: bool, unsure: str | None
) -> None:
    """Erase NAME for good: pictures, features, models, trash, inbox, logs. Gives a receipt.

    Works for somebody in the trash too. Nothing brings them back. What others hold too, and
    unknown people who may be NAME, are asked about, --yes or not.

    \b
    facedesk people erase "Ada Lovelace" --by "Desk one"
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(
            f"Erase every trace of {name} for good? Nothing brings them back.",
            abort=True,
            err=True,
        )

    def job(context: Context) -> None:
        from tui.commands.erasure import erase_person

        erase_person(context, name, by, shared_stay=shared_stay, unsure=unsure)

    run(options, job)

"""The commands that look after a service's database: `python -m analytics backup`, `restore` and `inspect`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATABASE = click.Path(exists=True, dir_okay=False, path_type=Path)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default="data",
    envvar="ANALYTICS_DATA_DIR",
    show_default=True,
    show_envvar=True,
    help="The directory of the service's database.",
)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_dir_option
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def backup_command(file: Path, data_dir: Path, force: bool) -> None:
    """Copy the database to FILE, also while the service runs.

    It holds all that was acknowledged before. FILE appears when the copy is complete and was checked.
    """
    from analytics.log.disk.backup import back_up
    from analytics.log.disk.reading import database_in
    from analytics.log.disk.report import one_line

    with _one_line_errors(), _bar(f"Copying to {file.name}") as progress:
        found = back_up(database_in(data_dir), file, overwrite=force, progress=progress)
    click.echo(f"{one_line(found)}; checked")


@click.command("restore")
@click.argument("file", type=DATABASE)
@data_dir_option
@click.option("--force", is_flag=True, help="Do not ask.")
def restore_command(file: Path, data_dir: Path, force: bool) -> None:
    """Put the backup FILE in place of the database of a stopped service.

    FILE is checked first. The present database is kept beside the new one, as analytics.db.before-restore-TIME.
    """
    import time

    from analytics.log.disk.file import FILE_NAME
    from analytics.log.disk.report import one_line
    from analytics.log.disk.restoring import restore

    if not force and sys.stdin.isatty() and (data_dir / FILE_NAME).exists():
        click.confirm(f"Put {file} in place of {data_dir / FILE_NAME}, which is kept beside it?", abort=True, err=True)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    with _one_line_errors(), _bar(f"Restoring {file.name}") as progress:
        restored = restore(file, data_dir, stamp, progress)
    if restored.kept is not None:
        click.echo(f"the database of before is kept as {restored.kept}")
    click.echo(f"restored {one_line(restored.inspection)}")


@click.command("inspect")
@click.argument("path", metavar="[FILE or DIRECTORY]", envvar="ANALYTICS_DATA_DIR", default="data", type=Path)
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def inspect_command(path: Path, as_json: bool) -> None:
    """Tell what is in a database or a backup, and whether it is sound; also while the service runs.

    Without FILE or DIRECTORY it is the database in ANALYTICS_DATA_DIR, by default ./data.

    Exit code 0: all of it is sound. 1: it is damaged, or is no database of this service.
    """
    import json

    from analytics.log.disk.inspection import inspect
    from analytics.log.disk.reading import database_in
    from analytics.log.disk.report import full_text

    with _one_line_errors():
        found = inspect(database_in(path) if path.is_dir() or not path.exists() else path)
    click.echo(json.dumps(found.to_json()) if as_json else full_text(found))
    sys.exit(1 if found.damage else 0)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Ends the command with one line where it fails, or is interrupted."""
    from analytics.errors import CannotStore

    try:
        yield
    except CannotStore as error:
        click.echo(f"Error: {error.message}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("Error: interrupted", err=True)
        sys.exit(130)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Draws on a terminal's stderr how much is done, of how much."""
    bar: Any = click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())

    def progress(done: int, length: int) -> None:
        bar.length = length
        bar.update(done - bar.pos)

    with bar:
        yield progress

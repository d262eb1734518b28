"""The commands that maintain the database of a service: `analytics backup`, `restore` and `inspect`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analytics.store.files.copying import StoreCopy

DATABASE = click.Path(exists=True, dir_okay=False, path_type=Path)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default="data",
    envvar="ANALYTICS_DATA_DIR",
    show_default=True,
    show_envvar=True,
    help="Data directory of the service.",
)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_dir_option
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
def backup_command(file: Path, data_dir: Path, force: bool) -> None:
    """Back up the database to FILE; the service may be running.

    The backup holds every record that was acknowledged before the start. FILE is created when the copy is complete and
    checked. The files of the long-term store are in FILE.store; the next backup with the same FILE adds new ones only.
    """
    from analytics.log.disk.backup import back_up
    from analytics.log.disk.reading import database_in
    from analytics.log.disk.report import one_line
    from analytics.store.files.backup import back_up_both

    with _one_line_errors(), _bar(f"Copying to {file.name}") as progress:
        copy = partial(back_up, database_in(data_dir), file, progress=progress)
        found, store = back_up_both(copy, data_dir, file, overwrite=force)
    click.echo(f"{one_line(found)}; checked")
    if store is not None:
        click.echo(_store_line(store))
        for line in store.left_out:
            click.echo(f"left out, as it is damaged: {line}", err=True)


@click.command("restore")
@click.argument("file", type=DATABASE)
@data_dir_option
@click.option("--force", is_flag=True, help="Do not ask for confirmation.")
def restore_command(file: Path, data_dir: Path, force: bool) -> None:
    """Replace the database of a stopped service with the backup FILE.

    FILE is checked first. The previous database is kept in the same directory, as analytics.db.before-restore-TIME, and
    the files of the long-term store as analytics.db.before-restore-TIME.store.
    """
    import time

    from analytics.errors import CannotStore
    from analytics.log.disk.file import FILE_NAME
    from analytics.log.disk.report import one_line
    from analytics.log.disk.restoring import restore
    from analytics.store.files.copying import backup_folder, describe, restore_store

    if not force and sys.stdin.isatty() and (data_dir / FILE_NAME).exists():
        click.confirm(
            f"Replace {data_dir / FILE_NAME} with {file}? The previous database is kept.", abort=True, err=True
        )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    with _one_line_errors(), _bar(f"Restoring {file.name}") as progress:
        copied = describe(backup_folder(file))
        if copied is not None and copied.damaged:
            raise CannotStore(f"{backup_folder(file)} is damaged ({copied.damaged[0]}). Nothing was changed.")
        restored = restore(file, data_dir, stamp, progress)
        kept = restored.kept or data_dir / f"{FILE_NAME}.before-restore-{stamp}"
        store = restore_store(file, data_dir, kept)
    if restored.kept is not None:
        click.echo(f"the previous database is kept as {restored.kept}")
    click.echo(f"restored {one_line(restored.inspection)}")
    if store is not None:
        click.echo(_store_line(store))


@click.command("inspect")
@click.argument("path", metavar="[FILE or DIRECTORY]", envvar="ANALYTICS_DATA_DIR", default="data", type=Path)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def inspect_command(path: Path, as_json: bool) -> None:
    """Show what a database or backup holds, and check it for damage.

    The service may be running. Without FILE or DIRECTORY the database in ANALYTICS_DATA_DIR is inspected, by default
    ./data.

    Exit code 0: no damage was found. 1: it is damaged, or is not a database of this service.
    """
    import json

    from analytics.log.disk.inspection import inspect
    from analytics.log.disk.reading import database_in
    from analytics.log.disk.report import full_text
    from analytics.store.files.copying import backup_folder, describe
    from analytics.store.files.layout import store_folder

    with _one_line_errors():
        found = inspect(database_in(path) if path.is_dir() or not path.exists() else path)
        store = describe(store_folder(path) if path.is_dir() else backup_folder(path))
    long_term = None if store is None else store._asdict()
    click.echo(json.dumps({**found.to_json(), "long_term": long_term}) if as_json else full_text(found))
    if store is not None and not as_json:
        click.echo("\n".join([_store_line(store), *(f"damaged: {line}" for line in store.damaged)]))
    sys.exit(1 if found.damage or (store is not None and store.damaged) else 0)


def _store_line(store: StoreCopy) -> str:
    """The content of a long-term store, in one line."""
    from analytics.log.disk.report import format_bytes

    return f"long-term store: {store.rows:,} rows in {store.files:,} files, {format_bytes(store.bytes)}"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Exit with one line on an error or an interrupt."""
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
    """Show progress on stderr if it is a terminal; yields a callback that takes the done and total amounts."""
    bar: Any = click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())

    def progress(done: int, total: int) -> None:
        bar.length = total
        bar.update(done - bar.pos)

    with bar:
        yield progress

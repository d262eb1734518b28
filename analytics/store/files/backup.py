"""A backup of the database and of the store that fit together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.errors import CannotStore
from analytics.log.disk.reading import read_only
from analytics.store.files.copying import TRIES, StoreCopy, copy_store

if TYPE_CHECKING:
    from analytics.log.disk.inspection import Inspection


def back_up_both(
    copy: "Callable[..., Inspection]", data_directory: Path, backup: Path, *, overwrite: bool
) -> "tuple[Inspection, StoreCopy | None]":
    """Copy the store, then the database by `copy`, until the log in the copy goes on where the copied files end.

    Raises:
        CannotStore: one of them cannot be copied.
    """
    if backup.exists() and not overwrite:
        copy(overwrite=False)  # says why not
    for _ in range(TRIES):
        store = copy_store(data_directory, backup)
        found = copy(overwrite=overwrite)
        overwrite = True
        if store is None or _continues(backup, store.upto):
            return found, store
    raise CannotStore("files of the long-term store were written all the time: try again.")


def _continues(backup: Path, upto: int) -> bool:
    """Whether the log in a backup has all entries after a position."""
    pruned = "SELECT min(position, coalesce((SELECT min(position) FROM cursors), position)) FROM mark"
    with read_only(backup) as db:
        ((position,),) = db.execute(pruned)
    return int(position) <= upto

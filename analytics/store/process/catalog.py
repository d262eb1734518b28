"""The catalog: which files and tail tables make up the events now; all readers see each change of it at once."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from analytics.store.files.checking import damage_of, quick_damage
from analytics.store.files.layout import EVENTS_FOLDER, LAYOUT_VERSION
from analytics.store.files.manifest import DataFile, Manifest
from analytics.store.files.shapes import Shapes
from analytics.store.numbers.layout import NUMBER_KINDS
from analytics.store.numbers.tail import CellTail
from analytics.store.process.events_sql import ErasedUsers, known_records
from analytics.store.process.pins import Pins
from analytics.store.process.tail import Tail, TailTable
from analytics.store.process.view import View
from analytics.store.records.erased import ErasedRows
from analytics.store.records.layout import RECORD_LAYOUTS

logger = logging.getLogger(__name__)


class FileCatalog:
    """Knows the files of the manifest and the tables of the tail.

    Args:
        folder: of the store.
        cells: the tail of the numbers.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, tail: Tail, shapes: Shapes, pins: Pins, cells: CellTail
    ) -> None:
        self.folder, self.manifest, self.tail = folder, manifest, tail
        self._shapes, self._pins, self.cells = shapes, pins, cells
        self.lock = threading.RLock()
        self.files: list[DataFile] = manifest.files()
        self.erased: list[ErasedUsers] = []
        self._waiting = frozenset[int]()

    @contextmanager
    def view(self) -> Iterator[View]:
        """The events as of now; they stay as they are inside of the context."""
        with self.lock, self.tail.lock:
            self.tail.settle()
            files = [file for file in self.files if is_readable(file)]
            tables = [*self.tail.frozen, self.tail.open]
            events = [file for file in files if file.kind == EVENTS_FOLDER]
            numbers = [file for file in files if file.kind in NUMBER_KINDS]
            records = [file for file in files if file.kind in RECORD_LAYOUTS]
            now = (self._shapes.by_number, list(self.erased), self.tail.open.number)
            parts = [part for table in tables for part in table.parts]  # later ones are not known to a connection
            view = View(self.folder, events, tables, *now, numbers, self.cells, records, parts)
            held = self._pins.held([*files, *tables])
            held.__enter__()
        try:
            yield view
        finally:
            held.__exit__(None, None, None)

    def replace(self, gone: Sequence[DataFile], files: Sequence[DataFile], tables: Sequence[TailTable] = ()) -> None:
        """Show some files in place of others and of tail tables; the manifest says so already."""
        names = {file.name for file in gone}
        with self.lock, self.tail.lock:
            self.files = [file for file in self.files if file.name not in names] + list(files)
            self.tail.frozen = [table for table in self.tail.frozen if table not in tables]
        self._pins.give_up([*gone, *tables])

    def exchange(self, gone: Sequence[DataFile], made: Sequence[DataFile]) -> None:
        """Replace some files by others, also in the manifest; if that fails, those that were made are deleted."""
        try:
            self.manifest.replace(gone, made)
        except BaseException:
            for file in made:
                (self.folder / file.name).unlink(missing_ok=True)
            raise
        self.replace(gone, made)

    def of_events(self) -> list[DataFile]:
        """The files of events."""
        return [file for file in self.files if file.kind == EVENTS_FOLDER]

    def of_numbers(self) -> list[DataFile]:
        """The files of numbers."""
        return [file for file in self.files if file.kind in NUMBER_KINDS]

    def of_records(self) -> list[DataFile]:
        """The files of log lines and spans."""
        return [file for file in self.files if file.kind in RECORD_LAYOUTS]

    def leave_out(self, damaged: Sequence[tuple[DataFile, str]]) -> bool:
        """Leave out damaged files from now on; returns whether there are any."""
        for file, reason in damaged:
            logger.error("a file of the store is damaged and left out", extra={"file": file.name, "reason": reason})
        self._set_damage(damaged)
        return bool(damaged)

    def check_sizes(self) -> None:
        """Leave out files whose size is not what the manifest says."""
        with ExitStack() as stack:
            with self.lock:
                sound = [file for file in self.files if file.damage is None]
                stack.enter_context(self._pins.held(sound))  # those that are replaced meanwhile are not missing
            found = ((file, quick_damage(self.folder, file)) for file in sound)
            self.leave_out([(file, reason) for file, reason in found if reason is not None])

    def take_back(self) -> None:
        """Read damaged files again that were put back; at the start alone, as they may have erased records."""
        for file in [file for file in self.files if file.damage is not None]:
            if damage_of(self.folder, file) is None:
                self._set_damage([(file, None)])

    def _set_damage(self, found: Sequence[tuple[DataFile, str | None]]) -> None:
        for file, reason in found:
            self.manifest.set_damage(file, reason)
        reasons = {file.name: reason for file, reason in found}
        with self.lock:
            self.files = [
                msgspec.structs.replace(file, damage=reasons[file.name]) if file.name in reasons else file
                for file in self.files
            ]

    def erase(self, erased: ErasedUsers) -> None:
        """Leave out the records of some users from now on."""
        with self.lock:
            self.erased = [*self.erased, erased]

    def replace_erased(self, before: ErasedUsers, erased: ErasedUsers) -> None:
        """Leave out what an erasure is about as more of it is known."""
        with self.lock:
            self.erased = [erased if each is before else each for each in self.erased]

    def erased_records(self, kind: str) -> list[ErasedRows]:
        """The log lines or spans that were erased, as far as they are known."""
        return known_records(self.erased, kind)

    def forget_erased(self, erased: Sequence[ErasedUsers], *, is_complete: bool) -> None:
        """No tail has records of these any more, and no file; unless it is complete, no file that is read."""
        with self.lock:
            self.erased = [each for each in self.erased if each not in erased]
            self._waiting = frozenset() if is_complete else frozenset(each.position for each in erased)

    def erasing(self) -> int:
        """How many erasures are not complete in all files, those among them that wait for files that are left out."""
        with self.lock:
            return len({each.position for each in self.erased} | self._waiting)


def is_readable(file: DataFile) -> bool:
    """Whether questions read a file."""
    return file.damage is None and file.layout <= LAYOUT_VERSION

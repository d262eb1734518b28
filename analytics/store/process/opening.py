"""Opening the store: its lock, its manifest, and its parts."""

import time
from pathlib import Path
from typing import NamedTuple

from analytics.log.disk.file import PRIVATE_DIRECTORY, sync_directory
from analytics.log.disk.lock import DirectoryLock, LockHeld
from analytics.store.files.layout import PARTIAL, store_folder
from analytics.store.files.manifest import Manifest
from analytics.store.files.shapes import Shapes
from analytics.store.files.writer import FileWriter
from analytics.store.history.importer import HistoryImporter
from analytics.store.numbers.keeping import NumbersKeeper
from analytics.store.numbers.layout import DAYS_KIND, HOURS_KIND, MINUTES_KIND, NUMBER_KINDS
from analytics.store.numbers.tail import CellTail
from analytics.store.options import StoreOptions
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.engine import SPILL_FOLDER, DuckEngine
from analytics.store.process.erasing import ErasureSearch
from analytics.store.process.flusher import Flusher
from analytics.store.process.keeper import Keeper
from analytics.store.process.pins import Pins
from analytics.store.process.rewriter import Rewriter
from analytics.store.process.tail import Tail, TailTable
from analytics.store.records.keeping import RecordsKeeper
from analytics.store.records.writing import RecordWriter

LOCK_SECONDS = 0.05


class OpenStore(NamedTuple):
    """The parts of an open store."""

    lock: DirectoryLock
    manifest: Manifest
    shapes: Shapes
    tail: Tail
    catalog: FileCatalog
    search: ErasureSearch
    keeper: Keeper
    numbers: NumbersKeeper
    history: HistoryImporter


def open_store(options: StoreOptions, engine: DuckEngine) -> OpenStore:
    """Open the store in a data directory; it waits for the store process of a previous server, which ends with it.

    Raises:
        CannotStore: the manifest is damaged, foreign, or of a newer version.
        sqlite3.Error, OSError: it cannot be used now.
    """
    folder = store_folder(Path(options.directory))
    folder.mkdir(PRIVATE_DIRECTORY, exist_ok=True)
    sync_directory(folder.parent)  # an earlier try may have made it
    lock = _lock(folder)
    try:
        manifest = Manifest(folder)
    except BaseException:
        lock.release()
        raise
    shapes = Shapes(manifest.shapes())
    tail = Tail(engine.connect, shapes)

    def dispose(files: list[str], tables: list[TailTable]) -> None:
        tail.drop(tables)
        for name in files:
            (folder / name).unlink(missing_ok=True)

    generation = 1 + max((file.last for file in manifest.files() if file.kind in NUMBER_KINDS), default=0)
    cells = CellTail(engine.connect, generation, manifest.digests())
    catalog = FileCatalog(folder, manifest, tail, shapes, Pins(dispose), cells)
    catalog.check_sizes()
    catalog.take_back()
    _remove_strangers(folder, {file.name for file in catalog.files})
    writer = FileWriter(folder, options.writing_nice)
    record_writer = RecordWriter(writer)
    flusher = Flusher(manifest, catalog, tail, shapes, writer, record_writer, engine)
    records = RecordsKeeper(catalog, record_writer, engine)
    search = ErasureSearch(catalog, engine)
    rewriter = Rewriter(manifest, catalog, shapes, writer, engine, records, search)
    days = {MINUTES_KIND: options.minutes_days, HOURS_KIND: options.hours_days, DAYS_KIND: options.days_days}
    numbers = NumbersKeeper(manifest, catalog, writer, engine, options.seconds, days)
    history = HistoryImporter(manifest, catalog, shapes, FileWriter(folder), engine, flusher, options.days)
    keeper = Keeper(options, catalog, tail, flusher, rewriter, numbers, records, history, engine)
    return OpenStore(lock, manifest, shapes, tail, catalog, search, keeper, numbers, history)


def _lock(folder: Path) -> DirectoryLock:
    while True:
        try:
            return DirectoryLock(folder)
        except LockHeld:
            time.sleep(LOCK_SECONDS)


def _remove_strangers(folder: Path, named: set[str]) -> None:
    """Delete files that the manifest does not name: they were never complete, or were replaced."""
    for path in folder.glob("*/*=*/*"):
        if str(path.relative_to(folder)) not in named and path.suffix in (".parquet", PARTIAL):
            path.unlink(missing_ok=True)
    for path in (folder / SPILL_FOLDER).glob("*"):
        path.unlink(missing_ok=True)

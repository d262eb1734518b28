"""Own metrics of the log on disk: its backlog, commits, checkpoints, consumers and size."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from analytics.log.disk.checkpointer import Checkpointer
from analytics.log.disk.database import Database
from analytics.log.disk.failures import EXPECTED_ERRORS
from analytics.log.disk.log import DiskLog
from analytics.own_metrics.family import Family, Histograms, by_label, gauge


def disk_families(log: DiskLog, checkpointer: Checkpointer, directory: Path) -> Iterator[Family | Histograms]:
    """The metrics of a log and its checkpoints, kept in `directory`."""
    waiting = log.backlog.bytes_by_kind()
    yield by_label("journal_backlog_bytes", "gauge", "Bytes that wait to be written, by kind", "kind", waiting)
    yield gauge("journal_backlog_entries", "Entries that wait to be written", len(log.backlog))
    yield Histograms("journal_commit_duration_seconds", "Time of each write to the journal", {(): log.commits})
    yield gauge("journal_writable", "1 if the journal can be written, else 0", float(log.failure is None))
    age = "Seconds since the newest checkpoint was written, or since the start if that is later"
    yield gauge("checkpoint_age_seconds", age, checkpointer.age)
    behind = "Entries after the newest checkpoint, which a start would replay"
    yield gauge("checkpoint_pending_entries", behind, checkpointer.pending_entries)
    lags: dict[str, int] = {}
    if log.consumers:  # otherwise nothing waits for the disk, which may be slow
        with suppress(*EXPECTED_ERRORS):  # it may fail, too
            lags = log.ask(_lags, log, log.database)
    yield by_label("consumer_lag_entries", "gauge", "Entries that a consumer has yet to read", "consumer", lags)
    with suppress(OSError):
        disk = shutil.disk_usage(directory)
        yield gauge("disk_free_ratio", "Free share of the disk with the data directory", disk.free / max(1, disk.total))
    yield gauge("data_directory_bytes", "Size of all files in the data directory", directory_bytes(directory))


def _lags(log: DiskLog, database: Database) -> dict[str, int]:
    """Positions of entries since the start follow one another; only older ones are counted."""
    before = log.first_position - 1
    lags = {}
    for name, cursor in list(log.consumers.items()):
        lags[name] = max(0, log.written - max(cursor.position, before))
        if cursor.position < before:
            lags[name] += database.count_entries(cursor.position, before)
    return lags


def directory_bytes(directory: Path) -> int:
    """Size of all files below a directory, in bytes."""
    size = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):  # removed meanwhile
                size += os.stat(os.path.join(folder, name)).st_size  # takes half the time of Path.stat
    return size

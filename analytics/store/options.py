"""Options of the store process, passed to it at its start."""

import msgspec


class StoreOptions(msgspec.Struct, frozen=True):
    """Options of a store process, which do not change while it runs.

    Attributes:
        directory: the data directory.
        memory: bytes that queries and writing may use.
        threads: threads that do so.
        seconds: after how long records are written to files at the latest.
        records: after how many of them they are.
        days, logs_days, spans_days: how many days events, log lines and spans are kept.
        minutes_days, hours_days, days_days: how many days minutes, hours and days of numbers are kept.
        max_bytes: how many bytes the files of records may have; 0 for a quarter of the disk, at most 20 GB.
        low_disk: what happens on a disk that is almost full: `delete` the oldest days, or `stop` writing.
        nice: niceness of the process, which has less time than the server while the processors are busy.
        writing_nice: how much nicer the thread is that writes files.
        log_level: as in the settings of the server.
    """

    directory: str
    memory: int = 256 * 1024 * 1024
    threads: int = 2
    seconds: float = 600.0
    records: int = 100_000
    days: int = 90
    logs_days: int = 30
    spans_days: int = 14
    minutes_days: int = 30
    hours_days: int = 730
    days_days: int = 3_650
    max_bytes: int = 0
    low_disk: str = "delete"
    nice: int = 5
    writing_nice: int = 10
    log_level: str = "INFO"

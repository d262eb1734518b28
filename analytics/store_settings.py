"""Settings of the long-term store."""

from dataclasses import dataclass

from analytics.converters import choice, number
from analytics.notify_settings import NotifySettings
from analytics.request_settings import MEBIBYTE
from analytics.setting import SettingGroup

STORAGE = SettingGroup("Storage")
OFF, ON = "off", "on"


@dataclass(frozen=True)
class StoreSettings(NotifySettings):
    """Whether events are kept in files, for how long, and what that may take."""

    store: str = STORAGE.setting(
        "ANALYTICS_STORE", ON, choice(ON, OFF), "whether events are kept in files for months; needs a data directory"
    )
    store_seconds: float = STORAGE.setting(
        "ANALYTICS_STORE_SECONDS",
        600.0,
        number(float, 0.1, 86_400),
        "seconds after which events are written to files at the latest",
    )
    events_days: int = STORAGE.setting(
        "ANALYTICS_EVENTS_DAYS", 90, number(int, 1, 36_500), "days for which events are kept in files"
    )
    minutes_days: int = STORAGE.setting(
        "ANALYTICS_MINUTES_DAYS", 30, number(int, 1, 36_500), "days for which minutes of numbers are kept in files"
    )
    hours_days: int = STORAGE.setting(
        "ANALYTICS_HOURS_DAYS", 730, number(int, 1, 36_500), "days for which hours of numbers are kept in files"
    )
    days_days: int = STORAGE.setting(
        "ANALYTICS_DAYS_DAYS", 3_650, number(int, 1, 36_500), "days for which days of numbers are kept in files"
    )
    store_max_bytes: int = STORAGE.setting(
        "ANALYTICS_STORE_MAX_BYTES",
        0,
        number(int, 0, 1024**5),
        "bytes of the files of events, log lines and spans; beyond, the oldest day of the largest kind is deleted; "
        "0 for a quarter of the disk, at most 20 GB",
    )
    store_low_disk: str = STORAGE.setting(
        "ANALYTICS_STORE_LOW_DISK",
        "delete",
        choice("delete", "stop"),
        "with less than 5 % or 1 GiB of free disk: delete the oldest days, or stop writing files",
    )
    store_memory: int = STORAGE.setting(
        "ANALYTICS_STORE_MEMORY",
        160 * MEBIBYTE,
        number(int, 64 * MEBIBYTE, 1024**4),
        "bytes of memory for writing files and for questions about them",
    )
    store_threads: int = STORAGE.setting(
        "ANALYTICS_STORE_THREADS", 2, number(int, 1, 256), "threads for writing files and for questions about them"
    )

"""The long-term store in the service: made from the settings."""

from collections.abc import Callable

from analytics.config import Settings
from analytics.jobs.supervisor import Supervisor
from analytics.log.disk.consumer import forget_consumer
from analytics.log.disk.log import DiskLog
from analytics.log.log import Log
from analytics.state.state import State
from analytics.store.client.client import CONSUMER_NAME, StoreClient
from analytics.store.options import StoreOptions
from analytics.store_settings import ON


def make_store_client(settings: Settings, log: Log, state: State, jobs: Supervisor) -> StoreClient | None:
    """The client of the store process; None in memory mode, and where the store is switched off."""
    if settings.store != ON or not isinstance(log, DiskLog):
        return None
    options = StoreOptions(
        settings.data_dir,
        settings.store_memory,
        settings.store_threads,
        settings.store_seconds,
        days=settings.events_days,
        minutes_days=settings.minutes_days,
        hours_days=settings.hours_days,
        days_days=settings.days_days,
        max_bytes=settings.store_max_bytes,
        low_disk=settings.store_low_disk,
        log_level=settings.log_level,
    )
    return StoreClient(options, log, jobs, lambda: state.events.last_sequence)


def opened_by(client: StoreClient | None, log: DiskLog) -> Callable[[int], None]:
    """The function to call when the log is open."""
    return (lambda _: forget_consumer(log, CONSUMER_NAME)) if client is None else client.opened

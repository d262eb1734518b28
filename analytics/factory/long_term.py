"""The long-term store in the service: made from the settings."""

from collections.abc import Callable

import msgspec
from gevent import Timeout

from analytics.config import Settings
from analytics.errors import Unavailable
from analytics.jobs.supervisor import Supervisor
from analytics.log.disk.consumer import forget_consumer
from analytics.log.disk.log import DiskLog
from analytics.log.log import Log
from analytics.state.state import State
from analytics.store.client.client import CONSUMER_NAME, StoreClient, StoreFailure
from analytics.store.messages import COUNT_ERASED
from analytics.store.options import StoreOptions
from analytics.store_settings import ON

COUNT_SECONDS = 10.0
"""How long the answer to an erasure waits for the store process to count what it hid."""


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
        logs_days=settings.logs_days,
        spans_days=settings.spans_days,
        minutes_days=settings.minutes_days,
        hours_days=settings.hours_days,
        days_days=settings.days_days,
        max_bytes=settings.store_max_bytes,
        low_disk=settings.store_low_disk,
        log_level=settings.log_level,
    )
    return StoreClient(options, log, jobs, lambda: state.events.last_sequence)


def count_erased(client: StoreClient | None, salt: str) -> dict[str, int] | None:
    """How many records an erasure hid in the store, by kind, none without one; None if it does not say in time."""
    if client is None:
        return {}
    args, patience = {"salt": salt}, Timeout(COUNT_SECONDS)
    try:
        with patience:
            asked = client.ask(COUNT_ERASED, args, seconds=COUNT_SECONDS, start_seconds=COUNT_SECONDS)
            return msgspec.json.decode(b"".join(asked), type=dict[str, int])
    except Timeout as error:
        if error is not patience:
            raise
        return None
    except (Unavailable, StoreFailure):
        return None


def opened_by(client: StoreClient | None, log: DiskLog) -> Callable[[int], None]:
    """The function to call when the log is open."""
    return (lambda _: forget_consumer(log, CONSUMER_NAME)) if client is None else client.opened

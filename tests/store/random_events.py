"""Random events, some of them in files of a real store process, and the others in its tail."""

import random
from collections.abc import Sequence

import msgspec

from analytics.records import NewEvent
from analytics.store.files.shapes import COMMON
from tests.state.rig import DAY, event
from tests.store.explore.plain import DATA
from tests.store.explore.table import Event
from tests.store.rig import Keeping

EVENTS, BATCH, DAYS = 15 * COMMON, COMMON, 6
IN_FILES = 10 * COMMON


def first_day(disk: Keeping) -> float:
    """The start of the days from which random events are."""
    return float(disk.clock.wall() // DAY - DAYS - 1) * DAY


def random_events(dice: random.Random, start: float) -> list[Event]:
    """Events of some days in no order, many of them at the same time."""
    users = [None, *(f"u{number}" for number in range(40)), "ann"]
    return [
        Event(
            number,
            dice.choice(["view", "view", "cart", "buy"]),
            dice.choice(["web", "app"]),
            dice.choice(users),
            start + dice.randrange(DAYS * 24 * 4) * 900.0,
            dice.choice(DATA),
        )
        for number in range(EVENTS)
    ]


def sent(row: Event) -> NewEvent:
    """An event as it is recorded."""
    return event(row.type, row.service, id=f"id-{row.seq}", user_id=row.user_id, at=row.at, data=row.data)


def half_in_files(disk: Keeping, events: Sequence[Event], dice: random.Random) -> None:
    """Record events; the last ones are in no file."""
    for first in range(0, IN_FILES, BATCH):
        disk.events(*map(sent, events[first : first + BATCH]))
        if dice.random() < 0.3:
            disk.until(lambda: disk.client.status.upto >= disk.log.position)
    disk.until(lambda: disk.client.status.upto >= disk.log.position)
    disk.client._options = msgspec.structs.replace(disk.client._options, seconds=600.0)
    disk.replace_child()
    for first in range(IN_FILES, EVENTS, BATCH):
        disk.events(*map(sent, events[first : first + BATCH]))
    disk.until(lambda: disk.client.status.tail_rows == EVENTS - IN_FILES)
    assert disk.client.status.rows == IN_FILES

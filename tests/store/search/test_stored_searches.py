"""Searches of a store process in files and tail, page by page, find what plain loops over the events find."""

import random
from pathlib import Path
from typing import Any

import msgspec

from analytics.filters.event_filter import EventFilter
from analytics.filters.searches import EventKey, StoredEvents, StoreSearch
from tests.store.explore.plain import FILTERS
from tests.store.explore.table import Event
from tests.store.random_events import DAYS, first_day, half_in_files, random_events
from tests.store.rig import Keeping

SEARCHES, PAGES = 10, 3


def test_pages_in_both_orders_and_directions_have_each_event_once(tmp_path: Path, dice: random.Random) -> None:
    with Keeping(tmp_path / "data", options={"seconds": 0.1}) as disk:
        start = first_day(disk)
        events = random_events(dice, start)
        half_in_files(disk, events, dice)
        numbers = {row[1]: row[0] for row in disk.stored()}

        def key(row: Event, *, by_time: bool) -> EventKey:
            return EventKey(round(row.at * 1e6) if by_time else 0, numbers[f"id-{row.seq}"])

        for _ in range(SEARCHES):
            q, service = dice.choice(list(FILTERS)), dice.choice([None, "web"])
            hours = sorted(dice.sample(range(DAYS * 24), 2)) if dice.random() < 0.5 else [0, DAYS * 24]
            since, until = (start + hour * 3_600 for hour in hours)
            by_time, is_ascending = dice.random() < 0.5, dice.random() < 0.5
            before = dice.choice([None, *numbers.values()])
            asked = StoreSearch(
                EventFilter(service=service, since=since, until=until, q=q),
                before=before,
                limit=dice.choice([1, 7, 100]) if q else 100,
                by_time=by_time,
                is_ascending=is_ascending,
            )
            expected = sorted(
                (
                    key(row, by_time=by_time)
                    for row in events
                    if FILTERS[q](row)
                    and service in (None, row.service)
                    and since <= row.at < until
                    and (before is None or numbers[f"id-{row.seq}"] < before)
                ),
                reverse=not is_ascending,
            )[: PAGES * asked.limit]
            assert found(disk, asked, PAGES * asked.limit) == expected, asked


def found(disk: Keeping, asked: StoreSearch, most: int) -> list[EventKey]:
    """The keys of all pages, or the first ones."""
    keys = list[EventKey]()
    while True:
        answer: Any = b"".join(disk.client.ask("search", msgspec.to_builtins(asked)))
        page = msgspec.json.decode(answer, type=StoredEvents)
        keys += [each.key for each in page.events]
        if page.reached is None or len(keys) >= most:
            return keys[:most]
        asked = msgspec.structs.replace(asked, **{"above" if asked.is_ascending else "below": page.reached})

"""Replay of an access log: every record becomes one `request` event, sent in batches at a chosen pace."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from analytics.feed.bots import Bots, is_bot
from analytics.feed.logfile import Line
from analytics.feed.logs.record import DamagedLineError, Parser, Record
from analytics.feed.receipt import Receipt
from analytics.feed.tally import Tally

#: Shortest wait, in seconds, that is worth cutting a batch short for.
_TICK = 0.05


class Plan(NamedTuple):
    """How records become events.

    The service's name, what stands for an address, seconds to add to each time, the prefix that makes the ids of
    this run its own, and whether requests of bots are skipped, marked by `bot`, or kept as they are.
    """

    service: str
    identify: Callable[[str], str]
    shift: int
    run: str
    bots: Bots = "mark"


class Pacer(Protocol):
    """How many seconds are left until a record of this (unshifted) time is due; 0 or less when it is."""

    def __call__(self, time: int, /) -> float: ...


def as_fast_as_possible(_time: int, /) -> float:
    return 0.0


class LogPace:
    """The log's own pace times `speed`, counted from the first record asked about."""

    def __init__(self, speed: float, clock: Callable[[], float]) -> None:
        self._speed, self._clock = speed, clock
        self._origin: tuple[int, float] | None = None

    def __call__(self, time: int, /) -> float:
        if self._origin is None:
            self._origin = time, self._clock()
        first, started = self._origin
        return started + (time - first) / self._speed - self._clock()


def hashed(salt: bytes) -> Callable[[str], str]:
    """A function that turns an address into 16 hex digits that cannot be turned back without the salt."""
    # blake2b takes keys of at most 64 bytes; a longer salt counts in full this way.
    key = hashlib.blake2b(salt).digest()
    return lambda address: hashlib.blake2b(address.encode(), key=key, digest_size=8).hexdigest()


def to_event(record: Record, line: int, plan: Plan) -> dict[str, Any]:
    """The `request` event of one record; `id` is the same whenever this line is sent again in this run."""
    data: dict[str, Any] = {"bytes": record.size}
    if record.status is not None:
        data = {"status": record.status, **data}
    if record.path is not None:
        data["endpoint"] = record.path
        data["method"] = record.method
    if record.referrer is not None:
        data["referrer"] = record.referrer
    if record.latency is not None:
        data["latency"] = record.latency
    if plan.bots == "mark" and record.agent is not None and is_bot(record.agent):
        data["bot"] = True
    when = datetime.fromtimestamp(record.time + plan.shift, UTC)
    return {
        "type": "request",
        "service": plan.service,
        "user_id": plan.identify(record.address),
        "timestamp": when.isoformat()[:19] + "Z",
        "id": f"{plan.run}-{line}",
        "data": data,
    }


def latest_time(lines: Iterable[Line], parse: Parser) -> tuple[int | None, int]:
    """The latest time in a log, None when no line is whole, and the number of its last line."""
    latest: int | None = None
    number = 0
    for line in lines:
        number = line.number
        try:
            record = parse(line.raw)
        except DamagedLineError:
            continue
        if record is not None:
            # not simply the last line's: lines are written when answers are out, so times run back and forth
            latest = record.time if latest is None else max(latest, record.time)
    return latest, number


def replay(
    lines: Iterable[Line],
    parse: Parser,
    plan: Plan,
    post: Callable[[Sequence[dict[str, Any]]], Receipt],
    tally: Tally,
    *,
    batch: int,
    due_in: Pacer,
    sleep: Callable[[float], None],
) -> None:
    """Send every whole line, and write into the tally what became of each; raises what `post` raises."""
    events: list[dict[str, Any]] = []
    numbers: list[int] = []

    def flush() -> None:
        if events:
            tally.sent(numbers, post(events))
            events.clear()
            numbers.clear()

    for number, raw in lines:
        try:
            record = parse(raw)
        except DamagedLineError as reason:
            tally.lines += 1
            tally.damaged_line(number, str(reason))
            continue
        if record is None:
            continue
        tally.lines += 1
        if plan.bots == "skip" and record.agent is not None and is_bot(record.agent):
            tally.bots += 1
            continue
        if due_in(record.time) > _TICK:
            flush()
            sleep(max(0.0, due_in(record.time)))
        events.append(to_event(record, number, plan))
        numbers.append(number)
        if len(events) >= batch:
            flush()
    flush()

"""Replay of an access log: each record is sent as a `request` event, in batches, at a chosen pace."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from analytics.feed.bots import Bots, is_bot
from analytics.feed.logfile import Line
from analytics.feed.logs.record import DamagedLineError, Parser, Record
from analytics.feed.receipt import Receipt
from analytics.feed.summary import ImportSummary

_MIN_WAIT = 0.05
"""Seconds; a longer wait flushes the batch first."""


class Plan(NamedTuple):
    """How records become events.

    Attributes:
        service: name of the service.
        identify: converts a client address to a user id.
        shift: seconds to add to each time.
        run: prefix of the event ids, unique to this run.
        bots: whether requests of bots are skipped, marked with `bot`, or kept without a mark.
    """

    service: str
    identify: Callable[[str], str]
    shift: int
    run: str
    bots: Bots = "mark"


class Pacer(Protocol):
    """Returns the seconds until a record with this (unshifted) time is due; 0 or less if it is due."""

    def __call__(self, time: int, /) -> float: ...


def as_fast_as_possible(_time: int, /) -> float:
    """The pace at which every record is due at once."""
    return 0.0


class LogPace:
    """The pace of the log times `speed`, starting with the first record."""

    def __init__(self, speed: float, clock: Callable[[], float]) -> None:
        self._speed, self._clock = speed, clock
        self._origin: tuple[int, float] | None = None

    def __call__(self, time: int, /) -> float:
        if self._origin is None:
            self._origin = time, self._clock()
        first, started = self._origin
        return started + (time - first) / self._speed - self._clock()


def address_hasher(salt: bytes) -> Callable[[str], str]:
    """A function that hashes an address to 16 hex digits, with a salt so that addresses cannot be guessed."""
    # blake2b keys have at most 64 bytes; hashing the salt first uses all bytes of a longer one.
    key = hashlib.blake2b(salt).digest()
    return lambda address: hashlib.blake2b(address.encode(), key=key, digest_size=8).hexdigest()


def to_event(record: Record, line: int, plan: Plan) -> dict[str, Any]:
    """The `request` event of a record; its id is unique to the run and line."""
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
    """The latest time in a log (None if no line can be read), and the number of its last line."""
    latest: int | None = None
    number = 0
    for line in lines:
        number = line.number
        try:
            record = parse(line.raw)
        except DamagedLineError:
            continue
        if record is not None:
            # not simply the time of the last line: lines are written when requests end, so times are not in order
            latest = record.time if latest is None else max(latest, record.time)
    return latest, number


def replay(
    lines: Iterable[Line],
    parse: Parser,
    plan: Plan,
    post: Callable[[Sequence[dict[str, Any]]], Receipt],
    summary: ImportSummary,
    *,
    batch: int,
    due_in: Pacer,
    sleep: Callable[[float], None],
) -> None:
    """Send all lines that can be read, and count the outcome of each line in `summary`.

    Raises whatever `post` raises.
    """
    events: list[dict[str, Any]] = []
    numbers: list[int] = []

    def flush() -> None:
        if events:
            summary.add_receipt(numbers, post(events))
            events.clear()
            numbers.clear()

    for number, raw in lines:
        try:
            record = parse(raw)
        except DamagedLineError as reason:
            summary.lines += 1
            summary.add_damaged(number, str(reason))
            continue
        if record is None:
            continue
        summary.lines += 1
        if plan.bots == "skip" and record.agent is not None and is_bot(record.agent):
            summary.bots += 1
            continue
        if due_in(record.time) > _MIN_WAIT:
            flush()
            sleep(max(0.0, due_in(record.time)))
        events.append(to_event(record, number, plan))
        numbers.append(number)
        if len(events) >= batch:
            flush()
    flush()

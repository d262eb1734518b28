"""Exports in progress: their number is limited, and they make chunks one at a time."""

from collections.abc import Iterator

import gevent
import pytest

from analytics.api.exports import Exports
from analytics.errors import Unavailable
from analytics.identity import KEY, Identity
from analytics.keys.leases import Leases

CHUNKS = (b"one", b"two")


def made(limit: int, *, leases: Leases | None = None) -> Exports:
    never = Leases(lambda: 0.0, lambda: 0, lambda: False)
    return Exports(limit, never if leases is None else leases)


def test_an_export_counts_until_it_is_closed() -> None:
    exports = made(2)
    first, second = exports.stream(iter(CHUNKS), {}), exports.stream(iter(CHUNKS), {})
    with pytest.raises(Unavailable) as refused:
        exports.stream(iter(CHUNKS), {})
    assert (refused.value.code, refused.value.headers) == ("too_many_exports", {"Retry-After": "5"})
    assert list(first) == list(CHUNKS)
    first.close()
    first.close()
    third = exports.stream(iter(CHUNKS), {})
    with pytest.raises(Unavailable):
        exports.stream(iter(CHUNKS), {})
    for each in (second, third):  # neither has started
        each.close()
        assert list(each) == []
    assert exports.stream(iter(CHUNKS), {})


def test_one_export_at_a_time_makes_a_chunk() -> None:
    exports, active = made(10), list[int]()

    def chunks(number: int) -> Iterator[bytes]:
        for _ in range(3):
            active.append(number)
            gevent.sleep(0)
            assert active.pop() == number
            assert not active
            yield b"chunk"

    reading = [gevent.spawn(list, exports.stream(chunks(number), {})) for number in range(5)]
    assert [each.get(timeout=5) for each in reading] == [[b"chunk"] * 3] * 5


def test_an_export_that_fails_releases_the_lock() -> None:
    def broken() -> Iterator[bytes]:
        raise RuntimeError
        yield b""

    exports = made(2)
    with pytest.raises(RuntimeError):
        next(exports.stream(broken(), {}))
    assert list(exports.stream(iter(CHUNKS), {})) == list(CHUNKS)


def test_an_export_whose_sender_may_not_read_any_more_breaks_off() -> None:
    now = [0.0]
    leases = Leases(lambda: now[0], lambda: 0, lambda: True)
    exports = made(1, leases=leases)
    stream = exports.stream(iter(CHUNKS), {KEY: Identity("reader", valid_until=lambda: 10.0)})
    leases.check()
    assert next(stream) == CHUNKS[0]
    now[0] = 10.0
    leases.check()
    with pytest.raises(ConnectionResetError):
        next(stream)
    stream.close()
    assert len(leases) == 0

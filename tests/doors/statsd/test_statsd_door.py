"""The door for StatsD: what it receives, whom from, what it drops, and when it records."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from statsd import StatsClient

from analytics.doors.statsd.door import SET_FLUSHES, StatsdDoor
from analytics.doors.statsd.listener import Datagram, StatsdListener
from analytics.errors import Unavailable
from analytics.keys.rates import TooManyRequests
from tests.doors.point_log import FakeLog, recorder_of

HERE = "127.0.0.1"


class Rig:
    """A door with what it dropped."""

    def __init__(
        self,
        log: FakeLog | None = None,
        *allowed: str,
        admit: Callable[[str], Callable[[int], None] | None] | None = None,
    ) -> None:
        self.log, self.dropped = log or FakeLog(), Counter[str]()
        self.listener = StatsdListener(0, allowed)

        def dropped(reason: str, count: int) -> None:
            self.dropped[reason] += count

        self.door = StatsdDoor(recorder_of(self.log), lambda: self.listener, dropped, admit or (lambda address: None))

    def take(self, data: str, address: str = HERE, lost: int = 0) -> None:
        self.door.take(Datagram(data.encode(), address, lost), self.listener.may_send)


Make = Callable[..., Rig]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes doors, whose sockets are closed at the end."""
    made = list[Rig]()

    def rig(*arguments: Any, **named: Any) -> Rig:
        made.append(Rig(*arguments, **named))
        return made[-1]

    yield rig
    for each in made:
        each.listener.close()


def test_the_client_is_understood_over_a_real_socket(make: Make) -> None:
    rig = make()
    listening = gevent.spawn(rig.door.listen)
    try:
        client = StatsClient(HERE, rig.listener.port, prefix="shop")
        client.incr("orders")
        client.incr("orders", 4, rate=1)
        client.gauge("queue", 7)
        client.gauge("queue", -2, delta=True)
        client.timing("checkout", 320)
        client.set("users", "ann")
        with client.pipeline() as pipe:
            pipe.incr("pages")
            pipe.decr("stock")
        client.close()
        with gevent.Timeout(5):
            while not rig.log.points or rig.dropped != {"statsd_negative": 1}:
                gevent.sleep(0.01)
                rig.door.flush()
        rig.door.close()
    finally:
        listening.kill()
    names = {point.name for point in rig.log.points}
    assert names == {"shop_orders_total", "shop_queue", "shop_checkout", "shop_users", "shop_pages_total"}
    assert sum(point.value or 0 for point in rig.log.points if point.name == "shop_orders_total") == 5
    assert rig.log.values['shop_queue{service="unknown"}'] == 5


def test_only_this_machine_may_send_unless_the_setting_names_others(make: Make) -> None:
    rig = make()
    for address in (HERE, "::1", "::ffff:127.0.0.1", "192.0.2.7", "2001:db8::1", "fe80::1%eth0"):
        rig.take("a:1|c", address)
    rig.door.flush()
    assert [point.value for point in rig.log.points] == [3]
    assert rig.dropped == {"statsd_address": 3}


def test_named_addresses_and_networks_may_send(make: Make) -> None:
    rig = make(None, "192.0.2.0/24", "2001:db8::1")
    for address in ("192.0.2.7", "::ffff:192.0.2.8", "2001:db8::1", "192.0.3.1", "2001:db8::2"):
        rig.take("a:1|c", address)
    rig.door.flush()
    assert [point.value for point in rig.log.points] == [3]
    assert rig.dropped == {"statsd_address": 2}


def test_without_named_addresses_the_port_is_open_on_this_machine_only() -> None:
    listener = StatsdListener(0, ())
    with listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        other.sendto(b"a:1|c", (HERE, listener.port))
        assert listener.receive()[:2] == (b"a:1|c", "127.0.0.2")
        assert listener._socket.getsockname()[0] == HERE


def test_a_taken_port_is_an_error() -> None:
    with StatsdListener(0, ()) as first, pytest.raises(OSError, match="in use"):
        StatsdListener(first.port, ())


def test_what_the_system_had_no_room_for_is_counted() -> None:
    with StatsdListener(0, ()) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        listener._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        for _ in range(200):
            sender.sendto(b"a:1|c", (HERE, listener.port))
        while not listener.receive().lost:
            sender.sendto(b"a:1|c", (HERE, listener.port))


def test_lost_datagrams_are_counted_once(make: Make) -> None:
    rig = make()
    for lost in (0, 3, 3, 5):
        rig.take("a:1|c", lost=lost)
    assert rig.dropped == {"statsd_lost": 5}


def test_lines_that_are_not_recorded_are_counted_by_reason(make: Make) -> None:
    rig = make()
    rig.take("a:1|c\nnonsense\n_e{1,1}:a|b\na:x|c\na:-1|c")
    rig.door.flush()
    assert rig.dropped == {"statsd_malformed": 2, "statsd_unsupported": 1, "statsd_negative": 1}


def test_sets_are_recorded_every_ten_flushes(make: Make) -> None:
    rig = make()
    rig.take("u:a|s\nu:b|s\nc:1|c")
    for _ in range(SET_FLUSHES - 1):
        rig.door.flush()
    assert [point.name for point in rig.log.points] == ["c_total"]
    rig.door.flush()
    assert [(point.name, point.value) for point in rig.log.points[1:]] == [("u", 2)]


def test_nothing_is_recorded_where_nothing_arrived(make: Make) -> None:
    rig = make()
    rig.door.flush()
    assert rig.log.entries == []


def test_an_address_may_send_at_its_rate(make: Make) -> None:
    taken = Counter[str]()

    def admit(address: str) -> Callable[[int], None]:
        def take(count: int) -> None:
            taken[address] += count
            if taken[address] > 2:
                raise TooManyRequests("Too many.")

        return take

    rig = make(None, "192.0.2.0/24", admit=admit)
    rig.take("a:1|c\nb:1|c\nc:1|c", "192.0.2.1")
    rig.take("a:1|c\nb:1|c\nc:1|c")
    rig.door.flush()
    assert sum(point.value or 0 for point in rig.log.points) == 5
    assert rig.dropped == {"statsd_rate": 1}


def test_a_flush_that_cannot_be_written_fails_and_the_next_one_goes_on(make: Make) -> None:
    rig = make(FakeLog(room=0))
    rig.take("a:1|c")
    with pytest.raises(Unavailable):
        rig.door.flush()
    rig.door.flush()

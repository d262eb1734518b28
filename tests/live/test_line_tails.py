"""Live log lines: who gets which, in which form, and what a slow reader is told."""

import json
from socket import socketpair
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import Raw

from analytics.bus import UsersErased
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.jobs.supervisor import Supervisor
from analytics.live import line_tails
from analytics.live.delivery import RECORDS_ERASED, Closing
from analytics.live.line_tails import LineTail, LineTails, StreamReader
from analytics.live.live_line import Select
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import MAX_EVENTS, Outbox
from analytics.live.tail_selects import BadTailQuery, filter_select, logql_select
from analytics.live.wire.message_socket import cut_connection
from analytics.live.wire.tail_encoding import line_event, line_frame, loki_frame
from analytics.log_lines import NewLogLine
from analytics.records import Kept
from tests.fakes import FakeClock
from tests.state.rig import Rig

SECOND = 1_000_000_000
NONE: frozenset[str] = frozenset()


class Reader:
    """A reader that takes nothing by itself."""

    def __init__(self) -> None:
        self.woken = self.pings = 0
        self.is_behind = False
        self.closed: Closing | None = None

    def wake(self) -> None:
        self.woken += 1

    def ping(self) -> None:
        self.pings += 1

    def close(self, closing: Closing) -> None:
        self.closed = closing


class Tails:
    """Tails, and what was dropped of them."""

    def __init__(self) -> None:
        self.dropped, self.clock = 0, FakeClock()
        self.all = LineTails(self._drop, Supervisor(self.clock), self.clock)

    def _drop(self, count: int) -> None:
        self.dropped += count

    def join(self, select: Select) -> LineTail:
        tail = LineTail(select, Outbox(), Reader())
        self.all.join(tail)
        return tail

    def record(self, *lines: NewLogLine) -> None:
        self.all.publish(Kept(lines, 5.0, "", "id-"))
        self.all.flush()


def line(body: str = "hello", **more: Any) -> NewLogLine:
    return NewLogLine(more.pop("service", "shop"), body, **more)


def filtered(**params: str) -> Select:
    return filter_select(urlencode(params), NONE)


def taken(tail: LineTail) -> list[Any]:
    """The messages that wait, as server-sent events: lines, or the number of missed ones."""
    text = b"".join(tail.outbox.take().encode_each(line_event)).decode()
    return [json.loads(part.partition("data: ")[2]) for part in text.split("\n\n") if part]


@pytest.mark.parametrize(
    ("params", "bodies"),
    [
        ({}, "abc"),
        ({"service": "shop"}, "ac"),
        ({"severity": "error"}, "b"),
        ({"q": "attributes.n>=2"}, "bc"),
        ({"q": "-level:error", "service": "shop"}, "ac"),
        ({"trace_id": "AB" * 16}, "c"),
    ],
)
def test_each_reader_gets_the_lines_that_it_asks_for(params: dict[str, str], bodies: str) -> None:
    tails = Tails()
    tail = tails.join(filtered(**params))
    tails.record(
        line("a", attributes=Raw(b'{"n":1}')),
        line("b", service="api", severity=17, attributes=Raw(b'{"n":2}')),
        line("c", trace_id="ab" * 16, attributes=Raw(b'{"n":3}')),
    )
    assert [each["body"] for each in taken(tail)] == list(bodies)


def test_a_live_line_has_the_fields_of_one_that_is_read() -> None:
    tails = Tails()
    tail = tails.join(filtered())
    tails.record(line(time=3 * SECOND, severity=17), line())
    first, second = taken(tail)
    assert (first["id"], first["time"], first["received_at"]) == (
        "id-0",
        "1970-01-01T00:00:03.000Z",
        "1970-01-01T00:00:05.000Z",
    )
    assert (second["id"], second["time"], first["level"]) == ("id-1", "1970-01-01T00:00:05.000Z", "error")


def test_a_slow_reader_is_told_how_many_lines_it_missed() -> None:
    tails = Tails()
    slow, fast = tails.join(filtered()), tails.join(filtered(severity="error"))
    for _ in range(MAX_EVENTS // 1_000 + 2):
        tails.record(*[line()] * 1_000)
    found = taken(slow)
    assert found[0] == {"dropped": 2_000}
    assert len(found) - 1 == MAX_EVENTS
    assert (taken(fast), tails.dropped) == ([], 2_000)


def test_lines_that_nobody_looked_at_are_told_to_all_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_tails, "MOST_PENDING", 3)
    tails = Tails()
    tail = tails.join(filtered(service="other"))
    for _ in range(3):
        tails.all.publish(Kept([line(), line()], 5.0, "", "id-"))
    tails.all.flush()
    assert taken(tail) == [{"dropped": 3}]
    tails.record(line(service="other"))
    assert [each["body"] for each in taken(tail)] == ["hello"]


def test_without_readers_nothing_is_kept() -> None:
    tails = Tails()
    tails.record(line("before"))
    tail = tails.join(filtered())
    tails.all.flush()
    assert taken(tail) == []
    tails.all.leave(tail)
    tails.record(line("after"))
    assert (taken(tail), len(tails.all)) == ([], 0)


def test_readers_are_pinged_while_lines_come_that_none_of_them_asks_for() -> None:
    tails = Tails()
    reader = tails.join(filtered(service="other")).reader
    assert isinstance(reader, Reader)
    for seconds, pings in ((20.0, 0), (6.0, 1), (6.0, 1), (20.0, 2)):
        tails.clock.advance(seconds)
        tails.all.publish(Kept([line()], 5.0, "", "id-"))
        tails.all.run_once()
        assert reader.pings == pings


def test_readers_are_disconnected_when_the_service_stops() -> None:
    tails = Tails()
    tail = tails.join(filtered())
    tails.all.drain()
    later = tails.join(filtered())
    assert all(isinstance(each.reader, Reader) and each.reader.closed for each in (tail, later))


def test_frames_of_websockets_tell_what_was_missed_first() -> None:
    tails = Tails()
    tail = tails.join(filtered())
    tail.outbox.add_events(line_tails.MessageBatch([line_tails.NOTE]), 7)
    tails.record(line())
    (first, *_), frames = b"\x81", b"".join(tail.outbox.take().encode_each(line_frame))
    assert frames[0] == first
    assert frames[2:].startswith(b'{"dropped":7}\x81')
    assert frames.endswith(b'"scope":""}')


def test_logql_selects_formats_and_labels_lines() -> None:
    tails = Tails()
    query = '{app="shop"} |= "paid" | logfmt | n > 1 | line_format "{{.n}}!"'
    tail = tails.join(logql_select(urlencode({"query": query, "limit": "10"}), NONE))
    resource = Raw(b'{"app":"shop"}')
    tails.record(
        line("paid n=2", time=7, resource=resource),
        line("paid n=1", resource=resource),
        line("sent n=2", resource=resource),
        line("paid n=2"),
    )
    frame = b"".join(tail.outbox.take().encode_each(loki_frame))
    labels = {"app": "shop", "service_name": "shop", "level": "unknown", "detected_level": "unknown", "n": "2"}
    found = json.loads(frame[frame.index(b"{") :])
    assert found == {"streams": [{"stream": labels, "values": [["7", "2!"]]}]}
    tail.outbox.add_events(line_tails.MessageBatch([line_tails.NOTE]), 7)
    (told,) = tail.outbox.take().encode_each(loki_frame)
    assert json.loads(told[told.index(b"{") :])["dropped_entries"][0]["labels"] == {"dropped": "7"}


@pytest.mark.parametrize(
    ("select", "query", "error"),
    [
        (filter_select, "q=(", ValidationFailed),
        (filter_select, "severity=loud", ValidationFailed),
        (filter_select, "nothing=1", ValidationFailed),
        (filter_select, "q=a&q=b", ValidationFailed),
        (logql_select, "", BadTailQuery),
        (logql_select, "query=rate({}[1m])", BadTailQuery),
        (logql_select, "query={a=~%22[%22}", BadTailQuery),
    ],
)
def test_mistakes_are_refused_before_the_connection_opens(select: Any, query: str, error: type[AnalyticsError]) -> None:
    with pytest.raises(error):
        select(query, NONE)


def test_tickets_are_no_filters() -> None:
    filter_select("ticket=abc", frozenset(("ticket",)))


def test_a_stream_sends_comments_until_lines_come_and_ends_when_it_is_closed() -> None:
    from analytics.live.wire.tail_socket import COMMENT, stream_of

    tails = Tails()
    reader = StreamReader(lambda: None)
    tail = LineTail(filtered(), Outbox(), reader)
    tails.all.join(tail)
    parts = stream_of(tail, reader, comment_seconds=0.01)
    assert (next(parts), next(parts)) == (COMMENT, COMMENT)
    tails.record(line("first"))
    assert b'"body":"first"' in next(parts)
    reader.close(line_tails.STOPPING)
    assert list(parts) == []


def test_erased_lines_that_wait_reach_nobody_and_readers_that_are_behind_come_back() -> None:
    made = Tails()
    quick, slow = made.join(filtered()), made.join(filtered())
    slow.outbox.add_events(MessageBatch([Message("line", None, b"{}")]))
    lines = line("1", attributes=Raw(b'{"user.id":"ann"}')), line("2 ann"), line("3 user_id=ann")
    made.all.publish(Kept(lines, 5.0, "", "id-"))
    made.all.erase({"ann"})
    made.all.flush()
    assert [each["body"] for each in taken(quick)] == ["2 ann"]
    readers = [tail.reader for tail in (quick, slow)]
    assert [reader.closed for reader in readers if isinstance(reader, Reader)] == [None, RECORDS_ERASED]


def test_readers_that_are_behind_are_disconnected_whatever_else_an_erasure_finds() -> None:
    made = Tails()
    slow = made.join(filtered())
    slow.outbox.add_events(MessageBatch([Message("line", None, b'{"body":"user_id=jo"}')]))
    rig = Rig()
    rig.bus.listen(UsersErased, lambda erased: made.all.erase(erased.users))
    made.all.publish(Kept([line("user_id=jo"), line("user_id=bob")], 5.0, "", "id-"))
    assert rig.recorder.erase(["jo"], "ops").users == frozenset(), "nothing in memory names the user any more"
    assert isinstance(slow.reader, Reader)
    assert slow.reader.closed is RECORDS_ERASED
    made.all.flush()
    assert [each["body"] for each in taken(slow)] == ["user_id=bob"]


def test_a_stream_whose_lines_are_being_sent_is_cut() -> None:
    from analytics.live.wire.tail_socket import stream_of

    tails, cuts = Tails(), []
    reader = StreamReader(lambda: cuts.append(1))
    tail = LineTail(filtered(), Outbox(), reader)
    tails.all.join(tail)
    parts = stream_of(tail, reader)
    next(parts)
    tails.all.erase({"jo"})
    assert not reader.is_closed
    tails.record(line("user_id=jo"))
    next(parts)
    tails.all.erase({"jo"})
    assert (cuts, list(parts)) == ([1], [])


def test_a_stream_that_has_sent_its_lines_stays() -> None:
    from analytics.live.wire.tail_socket import COMMENT, stream_of

    tails, cuts = Tails(), []
    reader = StreamReader(lambda: cuts.append(1))
    tail = LineTail(filtered(), Outbox(), reader)
    tails.all.join(tail)
    parts = stream_of(tail, reader, comment_seconds=0.01)
    tails.record(line("user_id=jo"))
    assert [next(parts) for _ in range(3)][2] == COMMENT
    tails.all.erase({"jo"})
    assert (cuts, reader.is_closed) == ([], False)


def test_cutting_a_connection_ends_what_its_server_waits_for() -> None:
    ours, theirs = socketpair()
    with ours, theirs:
        cut_connection({"werkzeug.socket": ours})
        assert theirs.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            ours.send(b"x")
    cut_connection({"werkzeug.socket": ours})
    cut_connection({})

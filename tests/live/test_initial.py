"""Initial messages: the missed events, each once, and a snapshot, which reports a gap."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.live.initial import EVENTS_PER_READ
from tests.live.stage import Stage, kinds
from tests.state.rig import event


def test_without_since_there_is_only_a_snapshot() -> None:
    stage = Stage()
    stage.events(event(), event())
    (message,) = stage.received(stage.join())
    assert message["type"] == "snapshot"
    assert "gap" not in message


def test_missed_events_come_in_order_before_the_snapshot() -> None:
    stage = Stage()
    stage.events(event("a"))
    seq = stage.state.events.last_sequence
    stage.events(*(event("b", user_id=str(n)) for n in range(EVENTS_PER_READ + 20)))
    messages = stage.received(stage.join(f"since={seq}"))
    assert kinds(messages) == ["event"] * (EVENTS_PER_READ + 20) + ["snapshot"]
    assert [message["seq"] for message in messages[:-1]] == list(range(seq + 1, seq + EVENTS_PER_READ + 21))
    assert [message["data"]["user_id"] for message in messages[:-1]] == [str(n) for n in range(EVENTS_PER_READ + 20)]
    assert messages[-1]["seq"] == seq + EVENTS_PER_READ + 20
    assert "gap" not in messages[-1]


def test_only_events_of_the_topics_come() -> None:
    stage = Stage()
    seq = stage.state.events.last_sequence
    stage.events(event("a"), event("b"), event("a", "cart"))
    messages = stage.received(stage.join(f"since={seq}&events=a&service=cart"))
    assert [(m["data"]["type"], m["data"]["service"]) for m in messages[:-1]] == [("a", "cart")]


def test_there_is_no_gap_where_no_event_was_missed() -> None:
    stage = Stage()
    stage.events(event())
    (message,) = stage.received(stage.join(f"since={stage.state.events.last_sequence}"))
    assert "gap" not in message


def test_events_that_are_no_longer_in_memory_are_a_gap() -> None:
    stage = Stage(events_ring=10)
    before = stage.state.events.last_sequence
    stage.events(*(event() for _ in range(10)))
    assert "gap" not in stage.received(stage.join(f"since={before}"))[-1]
    stage.events(event())
    (message,) = stage.received(stage.join(f"since={before}"))
    assert (message["type"], message["gap"]) == ("snapshot", True)


def test_a_sequence_number_of_the_future_or_of_an_earlier_run_is_a_gap() -> None:
    earlier = Stage()
    earlier.events(*(event() for _ in range(20)))
    stage = Stage(wall=earlier.clock.wall() + 1)
    stage.events(*(event() for _ in range(20)))
    for since in (earlier.state.events.last_sequence, stage.state.events.last_sequence + 1, 0):
        (message,) = stage.received(stage.join(f"since={since}"))
        assert message["gap"]


def test_events_that_the_ring_drops_before_they_are_sent_are_a_gap() -> None:
    stage = Stage(events_ring=10)
    seq = stage.state.events.last_sequence
    stage.events(*(event() for _ in range(10)))
    client = stage.join(f"since={seq}")
    stage.events(*(event("late") for _ in range(4)))
    messages = stage.received(client)
    assert [message["seq"] - seq for message in messages if message["data"].get("type") == "request"] == [
        5,
        6,
        7,
        8,
        9,
        10,
    ]
    assert next(message for message in messages if message["type"] == "snapshot")["gap"]
    assert [message["data"]["type"] for message in messages if message["type"] == "event"][-4:] == ["late"] * 4


def test_a_restart_is_no_gap_although_numbers_are_skipped() -> None:
    stage = Stage(events_ring=10)
    stage.events(event())
    seq = stage.state.events.last_sequence
    stage.clock.advance(60)
    stage.recorder.start()
    (message,) = stage.received(stage.join(f"since={seq}"))
    assert (message["type"], "gap" in message, message["seq"] > seq + 1) == ("snapshot", False, True)
    stage.events(*(event() for _ in range(10)))
    for since in (seq, seq + 5):  # the second is the number of an event that was lost
        messages = stage.received(stage.join(f"since={since}"))
        assert kinds(messages) == ["event"] * 10 + ["snapshot"]
        assert "gap" not in messages[-1]
    stage.events(event())
    assert stage.received(stage.join(f"since={seq}"))[-1]["gap"]


def test_events_recorded_after_joining_are_sent_once() -> None:
    stage = Stage()
    seq = stage.state.events.last_sequence
    stage.events(event(), event())
    client = stage.join(f"since={seq}")
    stage.events(event(), event())
    messages = stage.received(client)
    assert kinds(messages) == ["event", "event", "snapshot", "event", "event"]
    assert [m["seq"] - seq for m in messages if m["type"] == "event"] == [1, 2, 3, 4]


@given(st.lists(st.tuples(st.sampled_from(["post", "read", "cut", "tick"]), st.integers(1, 30)), max_size=30))
def test_a_client_that_reconnects_with_its_greatest_seq_gets_each_event_once(steps: list[tuple[str, int]]) -> None:
    stage = Stage(events_ring=2_000)
    client, greatest, seen, posted = stage.join(), 0, [], 0
    for what, number in [*steps, ("read", 1)]:
        if what == "post":
            stage.events(*(event(user_id=str(posted + n)) for n in range(number)))
            posted += number
        elif what == "tick":
            stage.tick()
        elif what == "read":
            for message in stage.received(client):
                greatest = max(greatest, message["seq"])
                if message["type"] == "event":
                    seen.append(int(message["data"]["user_id"]))
        elif greatest:
            stage.commands.leave(client)
            client = stage.join(f"since={greatest}")
    assert seen == list(range(posted))

"""Coming back: what was missed comes first and once, or the gap is told."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.live.opening import CHUNK
from tests.live.stage import Stage, kinds
from tests.state.rig import event


def test_without_since_there_is_only_a_snapshot() -> None:
    stage = Stage()
    stage.events(event(), event())
    (message,) = stage.told(stage.join())
    assert message["type"] == "snapshot"
    assert "gap" not in message


def test_what_was_missed_comes_in_order_then_the_snapshot() -> None:
    stage = Stage()
    stage.events(event("a"))
    seq = stage.state.events.last_sequence
    stage.events(*(event("b", user_id=str(n)) for n in range(CHUNK + 20)))
    messages = stage.told(stage.join(f"since={seq}"))
    assert kinds(messages) == ["event"] * (CHUNK + 20) + ["snapshot"]
    assert [message["seq"] for message in messages[:-1]] == list(range(seq + 1, seq + CHUNK + 21))
    assert [message["data"]["user_id"] for message in messages[:-1]] == [str(n) for n in range(CHUNK + 20)]
    assert messages[-1]["seq"] == seq + CHUNK + 20
    assert "gap" not in messages[-1]


def test_only_what_is_wanted_comes() -> None:
    stage = Stage()
    seq = stage.state.events.last_sequence
    stage.events(event("a"), event("b"), event("a", "cart"))
    messages = stage.told(stage.join(f"since={seq}&events=a&service=cart"))
    assert [(m["data"]["type"], m["data"]["service"]) for m in messages[:-1]] == [("a", "cart")]


def test_nothing_missed_is_no_gap() -> None:
    stage = Stage()
    stage.events(event())
    (message,) = stage.told(stage.join(f"since={stage.state.events.last_sequence}"))
    assert "gap" not in message


def test_what_is_no_longer_held_is_a_gap() -> None:
    stage = Stage(events_ring=10)
    before = stage.state.events.last_sequence
    stage.events(*(event() for _ in range(10)))
    assert "gap" not in stage.told(stage.join(f"since={before}"))[-1]
    stage.events(event())
    (message,) = stage.told(stage.join(f"since={before}"))
    assert (message["type"], message["gap"]) == ("snapshot", True)


def test_a_number_from_the_future_or_of_an_earlier_run_is_a_gap() -> None:
    earlier = Stage()
    earlier.events(*(event() for _ in range(20)))
    stage = Stage(wall=earlier.clock.wall() + 1)
    stage.events(*(event() for _ in range(20)))
    for since in (earlier.state.events.last_sequence, stage.state.events.last_sequence + 1, 0):
        (message,) = stage.told(stage.join(f"since={since}"))
        assert message["gap"]


def test_what_the_ring_lets_go_of_meanwhile_is_a_gap_too() -> None:
    stage = Stage(events_ring=10)
    seq = stage.state.events.last_sequence
    stage.events(*(event() for _ in range(10)))
    client = stage.join(f"since={seq}")
    stage.events(*(event("late") for _ in range(4)))
    messages = stage.told(client)
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


def test_what_comes_after_joining_is_told_once() -> None:
    stage = Stage()
    seq = stage.state.events.last_sequence
    stage.events(event(), event())
    client = stage.join(f"since={seq}")
    stage.events(event(), event())
    messages = stage.told(client)
    assert kinds(messages) == ["event", "event", "snapshot", "event", "event"]
    assert [m["seq"] - seq for m in messages if m["type"] == "event"] == [1, 2, 3, 4]


@given(st.lists(st.tuples(st.sampled_from(["post", "read", "cut", "tick"]), st.integers(1, 30)), max_size=30))
def test_who_comes_back_with_the_greatest_seq_misses_nothing_and_repeats_nothing(steps: list[tuple[str, int]]) -> None:
    stage = Stage(events_ring=2_000)
    client, greatest, seen, posted = stage.join(), 0, [], 0
    for what, number in [*steps, ("read", 1)]:
        if what == "post":
            stage.events(*(event(user_id=str(posted + n)) for n in range(number)))
            posted += number
        elif what == "tick":
            stage.tick()
        elif what == "read":
            for message in stage.told(client):
                greatest = max(greatest, message["seq"])
                if message["type"] == "event":
                    seen.append(int(message["data"]["user_id"]))
        elif greatest:
            stage.commands.leave(client)
            client = stage.join(f"since={greatest}")
    assert seen == list(range(posted))

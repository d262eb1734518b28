"""Sending: what is refused, what is sent again, and places that move only with an acknowledgement."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from analytics.feed.errors import DeniedError, RefusedError, UnreachableError
from analytics.feed.receipt import ItemError, Receipt
from analytics.feed.ship.follower import Follower
from analytics.feed.ship.items import LineItems
from analytics.feed.ship.joining import EachAlone
from analytics.feed.ship.places import StateFile
from analytics.feed.ship.shipper import Sent, Shipper
from analytics.feed.ship.stopping import Stop, Stopped

Script = Callable[[list[dict[str, Any]]], Receipt]


class Clock:
    """Seconds that go on with each wait."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class WaitsInClock(Stop):
    """A request to stop whose waits take no time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, seconds: float) -> None:
        self._clock.now += seconds


class Scripted:
    """A client that answers as its script says, and accepts everything afterwards."""

    patience = float("inf")

    def __init__(self) -> None:
        self.script: list[Script | Exception] = []
        self.requests: list[list[dict[str, Any]]] = []

    def logs(self, lines: Sequence[bytes]) -> Receipt:
        items = [json.loads(line) for line in lines]
        self.requests.append(items)
        turn = self.script.pop(0) if self.script else (lambda items: Receipt(accepted=len(items)))
        if isinstance(turn, Exception):
            raise turn
        return turn(items)

    @property
    def texts(self) -> list[list[str]]:
        return [[item["message"] for item in items] for items in self.requests]


class Stage:
    """A shipper of one file, with a scripted client and a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.log, self.client, self.clock = folder / "app.log", Scripted(), Clock()
        self.said: list[str] = []
        self.state, self.stop = StateFile(folder / "state.json"), WaitsInClock(self.clock)
        tokens = map(str, count())
        self.log.touch()
        self.follower = Follower(
            [str(self.log)],
            self.state.read(),
            from_start=True,
            clock=self.clock,
            new_token=lambda: next(tokens),
            say=self.said.append,
        )
        self.shipper = Shipper(
            self.follower,
            EachAlone(),
            LineItems("auto", None, {}, None),
            self.client,
            self.state,
            self.stop,
            batch=3,
            spool=None,
            only_spool=False,
            say=self.said.append,
            clock=self.clock,
            wall=lambda: 1.7e9,
        )

    def write(self, *lines: str) -> None:
        with self.log.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    @property
    def kept(self) -> int:
        (place,) = self.state.read() or ()
        return place.offset

    def close(self) -> None:
        self.follower.close()
        self.state.close()
        self.stop.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def refusing(code: str, *indexes: int) -> Script:
    def answer(items: list[dict[str, Any]]) -> Receipt:
        errors = tuple(ItemError(index, code, "no") for index in indexes)
        return Receipt(accepted=len(items) - len(errors), rejected=len(errors), errors=errors)

    return answer


def test_lines_are_sent_in_batches_and_blank_ones_are_passed_over(stage: Stage) -> None:
    stage.write("1", "", "2", "3", "4")
    while stage.shipper.step():
        pass
    assert stage.client.texts == [["1", "2"], ["3", "4"]]
    assert stage.kept == stage.log.stat().st_size
    assert stage.shipper.sent == Sent(accepted=4)


def test_a_place_is_kept_only_with_the_acknowledgement(stage: Stage) -> None:
    stage.write("1")
    stage.client.script = [UnreachableError("away")]
    with pytest.raises(UnreachableError):
        stage.shipper.step()
    assert stage.kept == 0


def test_a_refused_line_is_sent_as_text_and_then_counted(stage: Stage) -> None:
    stage.write('{"msg":"a","deep":1}', "b")
    stage.client.script = [refusing("validation_failed", 0), refusing("validation_failed", 0)]
    stage.shipper.step()
    assert stage.client.texts == [["a", "b"], ['{"msg":"a","deep":1}', "b"]]
    assert stage.shipper.sent == Sent(accepted=1, refused=1)
    assert stage.said == ["a line was refused (validation_failed): no"]
    assert stage.kept == stage.log.stat().st_size


def test_a_line_that_is_in_the_future_for_the_service_is_sent_without_its_time(stage: Stage) -> None:
    stage.write('{"msg":"a","ts":1700000000}')
    stage.client.script = [refusing("timestamp_in_future", 0)]
    stage.shipper.step()
    assert ["timestamp" in items[0] for items in stage.client.requests] == [True, False]
    assert stage.shipper.sent == Sent(accepted=1)


def test_lines_over_the_rate_are_sent_again_later(stage: Stage) -> None:
    stage.write("a", "b")
    stage.client.script = [refusing("logs_rate", 1), lambda items: Receipt(accepted=1, duplicates=1)]
    stage.shipper.step()
    assert stage.client.requests[0] == stage.client.requests[1]
    assert stage.shipper.sent == Sent(accepted=2)
    assert stage.clock.now == 1.0


def test_a_refusal_of_the_first_request_ends_it(stage: Stage) -> None:
    stage.write("a")
    stage.client.script = [DeniedError("wrong key")]
    with pytest.raises(DeniedError, match="wrong key"):
        stage.shipper.run()
    assert stage.kept == 0


def test_a_later_refusal_is_told_once_and_tried_again(stage: Stage) -> None:
    stage.write("a")
    stage.shipper.step()
    stage.write("b")
    stage.client.script = [RefusedError("HTTP 500"), RefusedError("HTTP 500")]
    stage.shipper.step()
    assert stage.client.texts == [["a"], ["b"], ["b"], ["b"]]
    assert stage.said == ["HTTP 500; trying again", "sending again"]


def test_the_request_to_stop_leads_to_one_last_try(stage: Stage) -> None:
    stage.write("a", "b")

    def ends_here(_: list[dict[str, Any]]) -> Receipt:
        stage.write("c")
        stage.stop.request()
        raise Stopped  # as its pause does

    stage.client.script = [ends_here]
    stage.shipper.run()
    assert stage.client.texts == [["a", "b"], ["a", "b"], ["c"]]
    assert (stage.shipper.has_rest, stage.client.patience) == (False, 0)
    assert stage.kept == stage.log.stat().st_size


def test_lines_that_the_last_try_cannot_send_wait_for_the_next_run(stage: Stage) -> None:
    stage.write("a")
    stage.stop.request()
    stage.client.script = [UnreachableError("away")]
    stage.follower.scan()
    stage.shipper.run()
    assert stage.shipper.has_rest
    assert stage.said == ["some lines are not sent, the next run sends them: away"]
    assert stage.kept == 0

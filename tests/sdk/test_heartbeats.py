"""Heartbeats: figures, additions of the program, and their interval."""

import pytest

from analytics.sdk.beats import Beats
from analytics.sdk.tally import Tally
from tests.edge.wire import eventually
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import Unruly


def test_figures_are_cumulative_in_ms_and_hours() -> None:
    now = [100.0]
    tally = Tally(lambda: now[0])
    assert tally.figures() == {"request_count": 0, "error_count": 0, "avg_latency": 0, "uptime": 0}
    tally.request(10, failed=False)
    tally.request(20, failed=True)
    now[0] += 5400
    assert tally.figures() == {"request_count": 2, "error_count": 1, "avg_latency": 15, "uptime": 1.5}


def test_a_heartbeat_has_the_figures_and_additions_of_the_program(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    client.track_request("/", "GET", 200, 10)
    client.track_request("/", "GET", 500, 30)
    client.start_heartbeat(60, status=lambda: "degraded", metrics=lambda: {"queue": 3, "avg_latency": 7})
    (beat,) = eventually(lambda: service.heartbeats)
    assert beat["metrics"].pop("uptime") >= 0
    assert beat == {
        "service": "shop",
        "status": "degraded",
        "metrics": {"request_count": 2, "error_count": 1, "avg_latency": 7, "queue": 3},
    }


def test_a_failing_check_is_unhealthy_and_reported(service: Unruly, make_client: MakeClient) -> None:
    messages: list[str] = []
    client = make_client(on_error=messages.append)

    def fails() -> str:
        raise LookupError("the database is gone")

    client.start_heartbeat(60, status=fails, metrics=fails)  # type: ignore[arg-type]
    (beat,) = eventually(lambda: service.heartbeats)
    assert beat["status"] == "unhealthy"
    assert beat["metrics"]["request_count"] == 0
    assert [line.endswith("failed: LookupError: the database is gone") for line in messages] == [True, True]


def test_a_second_start_replaces_the_first(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    client.start_heartbeat(0.01, metrics=lambda: {"first": 1})
    eventually(lambda: service.heartbeats)
    client.start_heartbeat(0.01, metrics=lambda: {"second": 1})
    eventually(lambda: len([beat for beat in service.heartbeats if "second" in beat["metrics"]]) > 3)
    assert "first" not in service.heartbeats[-1]["metrics"]


@pytest.mark.parametrize("interval", [0, -1])
def test_an_interval_has_to_be_positive(make_client: MakeClient, interval: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make_client().start_heartbeat(interval)


def test_missed_heartbeats_are_skipped_and_the_phase_is_kept() -> None:
    now, waits = [0.0], list[float]()

    class Stopped:
        """Waiting advances the time."""

        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            now[0] += seconds
            return len(waits) == 5

        def set(self) -> None: ...

    durations = iter([0.0, 0.25, 2.5, 0.0])

    def beat() -> None:
        now[0] += next(durations)

    beats = Beats(beat, 1.0, lambda: now[0], Stopped())
    beats.join()
    assert waits == [0, 1, 0.75, 0.5, 1]

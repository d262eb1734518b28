"""Samples through the whole service, in this process: what its series hold after restarts and repeats, too."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from analytics.points import COUNTER, GAUGE, HISTOGRAM, Labels, labels_of
from tests.access.rig import Rig
from tests.doors.prometheus.messages import announced, request, series
from tests.doors.prometheus.test_write_request import STALE, histogram


class Service:
    """A service without keys."""

    def __init__(self) -> None:
        self.rig = Rig(admin_key="")
        self.store = self.rig.state.series_store

    def at(self, ago: float = 0.0) -> int:
        """A time in milliseconds, some seconds ago."""
        return int((self.rig.clock.wall() - ago) * 1000)

    def write(self, *timeseries: dict[str, Any], **more: Any) -> TestResponse:
        return self.rig.ask("POST", "/api/v1/write", data=request(*timeseries, **more))

    def written(self, *timeseries: dict[str, Any]) -> None:
        answer = self.write(*timeseries)
        assert answer.status_code == 204, answer.text

    def life(self, **labels: str) -> Any:
        found: Labels = labels_of(labels.items())
        return self.store.lives[self.store.ids.get(found)]

    @property
    def counts(self) -> dict[str, int]:
        points: dict[str, int] = self.rig.get("/stats").json["ingest"]["points"]  # type: ignore[index]
        return points


HITS = {"__name__": "hits_total", "job": "api", "instance": "a:1", "service": "api"}


def test_totals_become_increases_over_repeats_and_restarts_of_their_sender() -> None:
    service = Service()
    samples = {
        "samples": [{"value": value, "timestamp": service.at(60 - n)} for n, value in enumerate((100, 103, 110))]
    }
    service.written({**series(HITS), **samples})
    service.written({**series(HITS), **samples})
    service.written(series(HITS, 4.0, at=service.at(10)))
    life = service.life(**HITS)
    assert (life.kind, life.total) == (COUNTER, 114.0), "a baseline of 100, then 3, 7, and 4 after a restart"
    assert service.counts == {"accepted": 4, "duplicates": 3, "rejected": 0}


def test_a_series_ends_and_comes_back() -> None:
    service = Service()
    labels = {"__name__": "up", "service": "api"}
    service.written(series(labels, 1.0, at=service.at(3)), series(labels, STALE, at=service.at(2)))
    assert service.life(**labels).ended == pytest.approx(service.rig.clock.wall() - 2)
    service.written(series(labels, 1.0, at=service.at(1)))
    assert service.life(**labels).newest > service.life(**labels).ended


def test_a_native_histogram_counts_up() -> None:
    service = Service()
    labels = {"__name__": "latency", "service": "api"}
    service.written(series(labels, histograms=[histogram(timestamp=service.at(20))]))
    more = histogram(timestamp=service.at(10), count_int=14, sum=20.5, positive_deltas=[4, -1, 4])
    service.written(series(labels, histograms=[more]))
    life = service.life(**labels)
    assert (life.kind, service.counts["accepted"]) == (HISTOGRAM, 2)


def test_a_metric_keeps_its_kind_whatever_is_announced_later() -> None:
    service = Service()
    labels = {"__name__": "hits", "service": "api"}
    service.written(series(labels, 5.0, at=service.at(5)))
    assert service.write(metadata=(announced("hits", "COUNTER"),)).status_code == 204
    service.written(series(labels, 9.0, at=service.at(1)))
    assert service.life(**labels).kind == GAUGE


def test_times_that_are_not_kept_are_named() -> None:
    service = Service()
    answer = service.write(
        series({"__name__": "a"}, 1.0, at=service.at(-86_400)),
        series({"__name__": "b"}, 1.0, at=service.at(10 * 365 * 86_400)),
        series({"__name__": "c"}, 1.0, at=2**63 - 1),
        series({"__name__": "d"}, 1.0, at=-(2**63)),
        series({"__name__": "e"}, 1.0, at=service.at()),
    )
    assert answer.status_code == 400
    assert answer.text.startswith("4 of 5 samples were rejected: timestamp_in_future: ")
    assert service.counts == {"accepted": 1, "duplicates": 0, "rejected": 4}


def test_too_many_series_are_refused_by_name_and_the_others_kept() -> None:
    service = Service()
    service.rig = Rig(admin_key="", max_series=3)
    answer = service.write(*(series({"__name__": f"m{number}"}, 1.0, at=service.at()) for number in range(5)))
    assert answer.status_code == 400
    assert "too_many_series" in answer.text
    assert service.counts == {"accepted": 3, "duplicates": 0, "rejected": 2}


def test_pushed_values_are_repeated() -> None:
    service = Service()
    assert service.rig.ask("PUT", "/metrics/job/backup", data="rows 7\n").status_code == 200
    (job,) = [job for job in service.rig.app.extensions["analytics"].more if job.name == "push repeater"]
    before = service.life(__name__="rows", job="backup", service="backup").newest
    service.rig.clock.advance(60)
    job.tick()
    assert service.life(__name__="rows", job="backup", service="backup").newest == before + 60

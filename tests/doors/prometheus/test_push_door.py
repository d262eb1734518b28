"""Pushes: grouping keys, groups that are replaced, merged, deleted, repeated and expire, and bad input."""

import base64
from typing import Any

import pytest

from analytics.answer import Answer
from analytics.doors.limits import BodyLimits
from analytics.doors.prometheus import push_groups
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.push_door import PushDoor
from analytics.doors.prometheus.push_groups import EXPIRES_SECONDS, PushGroups
from analytics.identity import INGEST, KEY, Identity
from analytics.points import COUNTER, GAUGE
from analytics.state.pushed import PushedGroups
from tests.doors.point_log import FakeLog, environ_of, recorder_of
from tests.fakes import FakeClock

START = 1_700_000_000.0


class Pushes:
    """A door for pushes, its log and clock."""

    def __init__(self, log: FakeLog | None = None) -> None:
        self.log, self.clock, self.groups = log or FakeLog(), FakeClock(START), PushedGroups()
        groups = PushGroups(self.groups, lambda push: self.groups.put(push, self.clock.wall()))
        kinds = MetricKinds(lambda name: None)
        self.door = PushDoor(recorder_of(self.log), kinds, groups, self.clock, BodyLimits(100_000))

    def send(self, method: str, path: str, body: str = "", *, is_base64: bool = False, **environ: Any) -> Answer:
        self.clock.advance(1)
        sent = environ_of(body.encode(), **{"REQUEST_METHOD": method, **environ})
        return self.door(sent, path, is_base64=is_base64)

    def put(self, path: str, body: str, **more: Any) -> dict[str, float | None]:
        """The values that a push records, which must be taken."""
        return self._taken("PUT", path, body, **more)

    def post(self, path: str, body: str, **more: Any) -> dict[str, float | None]:
        return self._taken("POST", path, body, **more)

    def repeated(self) -> dict[str, float | None]:
        """The values that are recorded again."""
        self.log.entries.clear()
        self.door.repeat()
        return self.values()

    def values(self) -> dict[str, float | None]:
        return {name: value for name, value in self.log.values.items() if not name.startswith("push_time_seconds")}

    def _taken(self, method: str, path: str, body: str, **more: Any) -> dict[str, float | None]:
        self.log.entries.clear()
        answer = self.send(method, path, body, **more)
        assert (answer.status, answer.body) == (200, b"")
        return self.values()


def test_a_push_is_recorded_with_the_labels_of_its_path() -> None:
    pushes = Pushes()
    body = '# TYPE rows gauge\nrows{job="other",table="a"} 7\n# TYPE runs counter\nruns_total 3\n'
    assert pushes.put("backup/instance/db-1", body) == {
        'rows{instance="db-1",job="backup",service="backup",table="a"}': 7.0,
        'runs_total{instance="db-1",job="backup",service="backup"}': 3.0,
    }
    assert {point.name: (point.kind, point.is_cumulative, point.at) for point in pushes.log.points} == {
        "rows": (GAUGE, False, None),
        "runs_total": (COUNTER, True, None),
        "push_time_seconds": (GAUGE, False, None),
    }


def test_the_time_of_a_push_is_a_metric() -> None:
    pushes = Pushes()
    pushes.put("backup", "")
    assert pushes.log.values == {'push_time_seconds{job="backup",service="backup"}': START + 1}


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


PATHS = {
    "a": 'a{job="a",service="a"}',
    "a/": 'a{job="a",service="a"}',
    "a/b/c/d/e": 'a{b="c",d="e",job="a",service="a"}',
    "a/service/shop": 'a{job="a",service="shop"}',
    f"a/path@base64/{encoded('/var/tmp')}": 'a{job="a",path="/var/tmp",service="a"}',
    f"a/path@base64/{encoded('/var/tmp').rstrip('=')}": 'a{job="a",path="/var/tmp",service="a"}',
    f"a/name@base64/{encoded('ÿ?ü>')}": 'a{job="a",name="ÿ?ü>",service="a"}',
    "a/empty@base64/=": 'a{job="a",service="a"}',
    "a b": 'a{job="a b",service="a b"}',
}


@pytest.mark.parametrize(("path", "expected"), PATHS.items(), ids=PATHS)
def test_a_path_is_a_grouping_key(path: str, expected: str) -> None:
    assert Pushes().put(path, "a 1\n") == {expected: 1.0}


def test_the_job_may_be_encoded() -> None:
    assert Pushes().put(encoded("a/b"), "a 1\n", is_base64=True) == {'a{job="a/b",service="a/b"}': 1.0}


def test_an_empty_label_of_the_path_removes_it_from_series() -> None:
    assert Pushes().put("a/instance@base64/=", 'a{instance="x"} 1\n') == {'a{job="a",service="a"}': 1.0}


BAD_PATHS = ["", "a/b", "a/b/c/d", "a/1b/c", "a/b-c/d", "a/job/b", "a/b/c/b/d", "a/__name__/b", "a/b@base64/%", "a//b"]
BAD_PATHS += ["a/b@base64/gA", "a/b@base64/AAAAA", "a/b/" + "x" * 1_025]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("path", BAD_PATHS)
def test_other_paths_are_refused(path: str, method: str) -> None:
    pushes = Pushes()
    answer = pushes.send(method, path, "a 1\n")
    assert (answer.status, answer.content_type) == (400, "text/plain; charset=utf-8")
    assert (len(pushes.groups), pushes.log.points) == (0, [])


def test_put_replaces_a_group_and_ends_what_it_has_no_more() -> None:
    pushes = Pushes()
    pushes.put("a", "x 1\ny 2\n")
    pushes.put("b", "x 5\n")
    assert pushes.put("a", "x 3\n") == {'x{job="a",service="a"}': 3.0, 'y{job="a",service="a"}': None}
    assert pushes.repeated() == {'x{job="a",service="a"}': 3.0, 'x{job="b",service="b"}': 5.0}


def test_post_replaces_metrics_of_the_same_name_alone() -> None:
    pushes = Pushes()
    latency = '# TYPE latency histogram\nlatency_bucket{le="1"} 1\nlatency_bucket{le="+Inf"} 2\n'
    pushes.post("a", f"x 1\ny 2\n{latency}latency_sum 3\nlatency_count 2\n")
    changed = pushes.post("a", '# TYPE latency histogram\nlatency_bucket{le="+Inf"} 4\nx{b="1"} 9\n')
    assert changed == {
        'latency_bucket{job="a",le="+Inf",service="a"}': 4.0,
        'latency_bucket{job="a",le="1",service="a"}': None,
        'latency_sum{job="a",service="a"}': None,
        'latency_count{job="a",service="a"}': None,
        'x{b="1",job="a",service="a"}': 9.0,
        'x{job="a",service="a"}': None,
    }
    assert 'y{job="a",service="a"}' in pushes.repeated()


def test_groups_with_the_same_labels_are_one() -> None:
    pushes = Pushes()
    pushes.put("a/b/c/d/e", "x 1\n")
    pushes.put("a/d/e/b@base64/Yw", "x 2\n")
    assert len(pushes.groups) == 1


def test_delete_ends_a_group() -> None:
    pushes = Pushes()
    pushes.put("a", "x 1\n")
    pushes.put("a/b/c", "x 2\n")
    pushes.log.entries.clear()
    assert pushes.send("DELETE", "a").status == 202
    assert pushes.log.values == {
        'x{job="a",service="a"}': None,
        'push_time_seconds{job="a",service="a"}': None,
    }
    assert list(pushes.repeated()) == ['x{b="c",job="a",service="a"}']
    assert pushes.send("DELETE", "a").status == 202, "it is gone already"


def test_a_group_expires() -> None:
    pushes = Pushes()
    pushes.put("a", "x 1\n")
    pushes.clock.advance(EXPIRES_SECONDS / 2)
    pushes.put("b", "x 2\n")
    assert pushes.repeated() == {'x{job="a",service="a"}': 1.0, 'x{job="b",service="b"}': 2.0}
    pushes.clock.advance(EXPIRES_SECONDS / 2)
    assert pushes.repeated() == {'x{job="a",service="a"}': None, 'x{job="b",service="b"}': 2.0}
    assert pushes.repeated() == {'x{job="b",service="b"}': 2.0}
    assert pushes.groups.size == 2


BAD_BODIES = {
    "a malformed line": ("x 1\ny\n", 400, b"Line 2: "),
    "a time": ("x 1 1700000000000\n", 400, b"Line 1: pushed metrics must not have timestamps."),
    "an infinity": ("x +Inf\n", 400, b"not a finite number"),
    "a label twice": ('x{a="1",a="2"} 1\n', 400, b"given twice"),
    "JSON": ("{}", 400, b"Line 1: "),
    "too large": ("x 1\n" * 30_000, 413, b"larger than"),
}


@pytest.mark.parametrize(("body", "status", "message"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_push_records_nothing(body: str, status: int, message: bytes) -> None:
    pushes = Pushes()
    answer = pushes.send("PUT", "a", body)
    assert answer.status == status
    assert message in answer.body
    assert (len(pushes.groups), pushes.log.points, len(pushes.log.rejected)) == (0, [], 1)


def test_a_push_of_which_a_series_is_refused_leaves_the_group_as_it_was() -> None:
    pushes = Pushes(FakeLog(lambda point: "too_many_series" if point.value == 9 else None))
    pushes.put("a", "x 1\n")
    answer = pushes.send("PUT", "a", "x 2\ny 9\n")
    assert answer.status == 400
    assert answer.body == b"1 of 3 samples were rejected: too_many_series: It is too_many_series.\n"
    assert pushes.repeated() == {'x{job="a",service="a"}': 1.0}


def test_a_log_that_is_full_is_a_503() -> None:
    answer = Pushes(FakeLog(room=0)).send("PUT", "a", "x 1\n")
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "5")


def test_groups_and_their_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_groups, "MOST_GROUPS", 2)
    monkeypatch.setattr(push_groups, "MOST_PUSHED_SERIES", 6)
    pushes = Pushes()
    pushes.put("a", "x 1\ny 1\n")
    pushes.put("b", "x 1\n")
    assert b"groups" in pushes.send("PUT", "c", "x 1\n").body
    assert pushes.send("PUT", "b", "x 1\ny 1\nz 1\n").status == 400
    pushes.put("b", "x 1\nz 1\n")
    assert pushes.send("DELETE", "a").status == 202
    pushes.put("c", "x 1\n")


def test_a_bound_key_pushes_and_deletes_groups_of_its_services_alone() -> None:
    pushes = Pushes()
    sender = {KEY: Identity("a", frozenset({INGEST}), frozenset({"shop"}))}
    pushes.put("backup", "x 1\n")
    assert pushes.send("DELETE", "backup", **sender).status == 403
    assert pushes.send("PUT", "backup", "x 2\n", **sender).status == 400
    assert pushes.repeated() == {'x{job="backup",service="backup"}': 1.0}
    pushes.put("shop", "x 3\n", **sender)
    assert pushes.send("DELETE", "shop", **sender).status == 202


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_key_of_web_pages_changes_no_group(method: str) -> None:
    pushes = Pushes()
    pushes.put("shop", "x 1\n")
    sender = Identity("a", frozenset({INGEST}), is_browser=True)
    assert pushes.send(method, "shop", "x 2\n", **{KEY: sender}).status == 403
    assert pushes.repeated() == {'x{job="shop",service="shop"}': 1.0}


def test_a_pushed_counter_has_its_creation_as_its_start() -> None:
    pushes = Pushes()
    pushes.put("backup", "# TYPE runs counter\nruns_total 3\n# TYPE runs_created gauge\nruns_created 1600000000\n")
    pushes.door.repeat()
    runs = [point for point in pushes.log.points if point.name == "runs_total"]
    assert {(point.value, point.started) for point in runs} == {(3.0, 1_600_000_000.0)}
    assert len(runs) > 1, "the push, and its repetition"

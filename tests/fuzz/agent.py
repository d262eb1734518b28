"""Readers of files of the command line tools: the state of `analytics ship`, and unit tests of rules."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

from analytics.alerts.rules.rule import RuleGroup, prepared
from analytics.alerts.rules.unit_tests import BadTestFile, rule_files, run_tests
from analytics.catalog.bad_document import BadDocument
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import RULES
from analytics.catalog.yaml_text import parse
from analytics.doors.loki.streams import pushed_line
from analytics.feed.ship.follower import Follower
from analytics.feed.ship.places import FilePlace, StateError, StateFile
from tests.fuzz.decoder import Decoder

MOST_PAUSES = 200
"""How far tests of rules are run: they are the user's own, and may take long."""
TEXT = b"one\ntwo\nthree\n"
GROUPS = {
    "shop": {
        "interval": "1m",
        "rules": [
            {"record": "job:up:sum", "expr": "sum by (job) (up)"},
            {"alert": "Down", "expr": "up == 0", "for": "2m", "labels": {"severity": "page"}},
        ],
    }
}
FILES = (
    b"rule_files: [rules.yaml]\nevaluation_interval: 1m\ngroup_eval_order: [shop]\ntests:\n- interval: 1m\n"
    b"  name: down\n  input_series:\n  - {series: 'up{job=\"a\"}', values: '1 0x4 _ stale'}\n"
    b"  alert_rule_test:\n  - eval_time: 4m\n    alertname: Down\n    exp_alerts:\n"
    b"    - {exp_labels: {severity: page, job: a}, exp_annotations: {}}\n"
    b"  promql_expr_test:\n  - {expr: job:up:sum, eval_time: 1m, exp_samples: [{labels: '{job=\"a\"}', value: 0}]}\n",
    b"tests:\n- input_series: [{series: h, values: '{{schema:0 count:1 buckets:[1]}}x3'}]\n"
    b"  promql_expr_test: [{expr: 'rate(h[5m])', eval_time: 3m}, {expr: 1e999}]\n",
    b"group_eval_order: 5\nevaluation_interval: 0s\ntests: [{interval: 99999999y}]\n",
    b"tests: [&a {alert_rule_test: [{eval_time: 1m, exp_alerts: [{exp_labels: {1: [*a]}}]}]}]\n",
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    follow = _Follow()
    return [
        Decoder("places of followed files", follow, (StateError,), follow.seeds()),
        Decoder("unit tests of rules", _unit_tests(), (BadTestFile, BadDocument), FILES, size=2048),
    ]


class _Follow:
    """Reads a state file, and goes on at its places. The seeds know the device and the inodes of three log files."""

    def __init__(self) -> None:
        folder = Path(mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
        finalize(self, rmtree, folder, ignore_errors=True)
        self._logs = [folder / name for name in ("shop.log", "shop.log.1", "moved.txt")]
        for path in self._logs:
            path.write_bytes(TEXT)
        self._pattern = str(folder / "*.log")
        self._path = folder / "ship.json"

    def __call__(self, data: bytes) -> None:
        self._path.write_bytes(data)
        with closing(StateFile(self._path)) as state:
            places = state.read()
        numbers = count()
        follower = Follower(
            [self._pattern],
            places,
            from_start=True,
            clock=lambda: 0.0,
            new_token=lambda: f"token-{next(numbers)}",
            say=str.encode,
        )
        try:
            follower.scan()
            for line in follower.read(10):
                assert line.raw in TEXT
                line.tail.acknowledge(line.token, line.end)
            kept = json.loads(json.dumps([place._asdict() for place in follower.places()]))
            assert all(0 <= place["offset"] <= len(TEXT) for place in kept if place["inode"] in self._inodes())
        finally:
            follower.close()

    def seeds(self) -> list[bytes]:
        """State files: those of earlier runs, and some with places that no file has."""
        device = self._logs[0].stat().st_dev
        places = [FilePlace(str(path), device, path.stat().st_ino, "token", 0, "") for path in self._logs]
        far = [place._replace(offset=offset, check="short") for place in places for offset in (4, 1 << 40, 1 << 80)]
        return [_saved(places), *map(_saved, ([place] for place in far)), _saved([]), b'{"version":2}', b"[" * 2_000]

    def _inodes(self) -> set[int]:
        return {path.stat().st_ino for path in self._logs}


def _saved(places: Sequence[FilePlace]) -> bytes:
    return json.dumps({"version": 1, "files": [place._asdict() for place in places]}).encode()


class _Enough(BadTestFile):
    """The tests take longer than is looked at."""


def _unit_tests() -> Callable[[bytes], None]:
    """Run a file of tests, with rules that alert and that record."""
    groups: list[RuleGroup] = [
        prepared(name, item_of(RULES, name, body, 0.0, None).body) for name, body in GROUPS.items()
    ]

    def run(data: bytes) -> None:
        tests = parse(data.decode(errors="replace"), {}, lambda: None)
        rule_files(tests)
        left = iter(range(MOST_PAUSES))

        def pause() -> None:
            if next(left, None) is None:
                raise _Enough("takes long")

        assert all(isinstance(failure, str) for failure in run_tests(tests, groups, pushed_line, pause))

    return run

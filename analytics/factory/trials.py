"""Builds what tests rules; loaded with the first test."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.input_lines import LATEST, last_time, lines_of
from analytics.alerts.rules.parts_of_tests import BadTestFile
from analytics.alerts.rules.rule import RuleGroup, prepared, seconds
from analytics.alerts.rules.trial import Trial, TrialTimes, try_rule
from analytics.alerts.rules.unit_tests import samples_of
from analytics.clock import HOUR_SECONDS, Clock
from analytics.doors.loki.streams import pushed_line
from analytics.errors import ValidationFailed
from analytics.log_lines import NewLogLine
from analytics.logql.rules import longest_look_back
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import QueryError
from analytics.query.records.given import GivenLines
from analytics.query.records.log_source import RecordLogSource
from analytics.templating.errors import BadTemplate
from analytics.threads import Threads

MOST_STEPS = 1_000
USUAL_SECONDS = 6 * HOUR_SECONDS
LIMITS = Limits(samples=10_000_000, seconds=20.0)


class Trials:
    """Tests rules, each in a thread of its own.

    Args:
        engine: over the series and lines that are kept.
    """

    def __init__(self, engine: RuleEngine, threads: Threads, clock: Clock) -> None:
        self._engine, self._threads, self._clock = engine, threads, clock

    def __call__(self, given: Mapping[str, Any]) -> Trial:
        """The answer of a test.

        Args:
            given: the loaded body of the request.

        Raises:
            ValidationFailed: the rule cannot be evaluated.
        """
        with self._threads.items(lambda: self._made(given)) as items:
            return next(items)

    def _made(self, given: Mapping[str, Any]) -> Iterator[Trial]:
        budget = Budget(LIMITS, self._threads.pause, time.monotonic)
        interval = max(1, round(seconds(given["interval"])))
        try:
            group = prepared("test", {"interval": f"{interval}s", "rules": [given["rule"]]})
            if given["input_series"] or given["input_lines"]:
                step = round(seconds(given["step"]) * 1000)
                samples, last = samples_of(given["input_series"], step)
                if last > LATEST * 1_000:
                    raise BadTestFile("input_series: the values end after the year 2261; take a shorter step")
                lines = lines_of(given["input_lines"], step, pushed_line)
                with GivenLines(lines) as source:
                    engine = RuleEngine(PromqlEngine(samples), RecordLogSource(source))
                    end = max(last // 1000, _end(lines, group, interval))
                    yield try_rule(group, _times(0, end, interval), engine, budget)
            else:
                end = int(self._clock.wall() if given["end"] is None else given["end"].timestamp())
                start = end - USUAL_SECONDS if given["start"] is None else int(given["start"].timestamp())
                yield try_rule(group, _times(start, end, interval), self._engine, budget)
        except (QueryError, BadTemplate) as error:
            raise _refused("rule", error.message) from None
        except BadTestFile as error:
            field, _, problem = str(error).partition(": ")
            refused = _refused(field, problem) if field in given else _refused("input_lines", str(error))
            raise refused from None


def _end(lines: Sequence[NewLogLine], group: RuleGroup, interval: int) -> int:
    """Seconds until the last line has left the windows of the rules; 0 without lines."""
    if not lines:
        return 0
    looks_back = max(longest_look_back(rule.node) for rule in group.rules)
    return int(last_time(lines) / 1000 + looks_back + group.delay) + interval


def _times(start: int, end: int, interval: int) -> TrialTimes:
    """Evaluations at multiples of the interval, which is longer where these would be too many."""
    step = max(interval, -(-(end - start) // (MOST_STEPS * interval)) * interval)
    first = -(-start // step) * step
    return TrialTimes(first, max(first, end // step * step), step)


def _refused(field: str, problem: str) -> ValidationFailed:
    return ValidationFailed(f"{field}: {problem}", fields={field: [problem]})

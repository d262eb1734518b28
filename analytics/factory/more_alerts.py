"""Builds the routes of objectives and of tests of rules, which load the PromQL engine with the first request."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analytics.api.catalog import Resources
from analytics.api.late import late_blueprint
from analytics.api.slos import slos_blueprint
from analytics.catalog.collections import SLOS
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ONE_RECORD
from analytics.lazy import Lazy
from analytics.log.recorder import Recorder
from analytics.query.own_series.source import OwnSeries
from analytics.query.reader import Reader
from analytics.state.state import State
from analytics.threads import Threads

if TYPE_CHECKING:
    from analytics.alerts.rules.engine import RuleEngine
    from analytics.alerts.slo.budgets import Budgets
    from analytics.factory.trials import Trials

TEST_LIMIT = 1024 * 1024
"""Bytes of a test."""


def more_alert_blueprints(
    state: State,
    recorder: Recorder,
    reader: Reader,
    bodies: BodyReader,
    own: OwnSeries,
    clock: Clock,
    threads: Threads,
    engine: Callable[[], "RuleEngine"],
) -> list[Any]:
    """The blueprints."""

    def make_budgets() -> "Budgets":
        from analytics.factory.objectives import make_budgets

        return make_budgets(state, reader, own, clock, threads)

    def make_trials() -> "Trials":
        from analytics.factory.trials import Trials

        return Trials(engine(), threads, clock)

    budgets, trials = Lazy(make_budgets), Lazy(make_trials)

    def make_tests() -> Any:
        from analytics.api.rule_tests import rule_tests_blueprint

        return rule_tests_blueprint(BodyReader(BodyLimits(TEST_LIMIT), ONE_RECORD), lambda given: trials()(given))

    objectives = Resources(SLOS, recorder, reader, bodies, clock)
    return [
        slos_blueprint(objectives, lambda: budgets()()),
        late_blueprint("rule_tests", "POST /rules/test", make_tests),
    ]

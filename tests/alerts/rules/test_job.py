"""The job of rules: when it loads what evaluates them."""

from analytics.alerts.rules.job import RuleJob
from analytics.lazy import Lazy
from analytics.records import SERVICE_NAME
from analytics.resources import NewChange
from tests.alerts.rules.rig import RuleRig

BODY = {"interval": "1s", "rules": [{"alert": "A", "expr": "queue > 1"}]}


def test_default_rules_are_evaluated_once_there_are_data_and_those_of_users_at_once() -> None:
    rig = RuleRig()
    lazy = Lazy(lambda: rig.evaluator)
    job = RuleJob(lazy, rig.rig.reader, rig.rig.clock)
    assert (job.step(), lazy.made) == (float("inf"), None)
    rig.rig.recorder.change(NewChange("rules", "default", BODY, who=SERVICE_NAME, is_default=True))
    assert (job.step(), lazy.made) == (float("inf"), None)
    rig.gauge("queue", 5)
    assert job.step() == rig.rig.clock.wall() + 1
    rig.rig.clock.advance(1)
    job.step()
    assert rig.states() == {"A": "firing"}
    other = RuleRig()
    other.put("own", BODY)
    job = RuleJob(Lazy(lambda: other.evaluator), other.rig.reader, other.rig.clock)
    assert job.step() < float("inf")

"""Where the expressions of rules are evaluated."""

import threading

import pytest

from analytics.alerts.rules import questions
from analytics.alerts.rules.sampled import vector_of
from analytics.promql.errors import CannotEvaluate
from analytics.promql.parse import parse
from tests.alerts.rules.rig import RuleRig
from tests.state.rig import NOON


def test_a_long_expression_is_evaluated_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = RuleRig()
    for host in "ab":
        rig.gauge("queue", 2, host=host)
    rig.rig.clock.advance(1)
    monkeypatch.setattr(questions, "LOOP_SAMPLES", -1)
    used: set[int] = set()
    select = rig.questions._engine._promql.storage.instant

    def noted(asked: object) -> object:
        used.add(threading.get_native_id())
        return select(asked)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.questions._engine._promql.storage, "instant", noted)
    for _ in range(2):
        found = vector_of(rig.questions.value(parse("queue * 2"), "queue * 2", NOON + 1))
        assert found.values.tolist() == [4.0, 4.0]
    assert used - {threading.get_native_id()}
    for number in "12":
        rig.gauge("limits", 1, host="a", number=number)
    rig.rig.clock.advance(1)
    with pytest.raises(CannotEvaluate, match="many-to-many"):
        rig.questions.value(parse("queue * on (host) limits"), "queue * on (host) limits", NOON + 2)

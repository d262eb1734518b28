"""Rules tried on series: values, thresholds, and when they would have fired."""

from typing import Any

from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.rule import prepared
from analytics.alerts.rules.trial import Trial, TrialTimes, try_rule
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine
from tests.promql.rig import storage


def tried(rule: dict[str, Any], *series: str, step: int = 15, end: int = 600) -> Trial:
    """The trial of a rule over series with a value a minute."""
    group = prepared("test", {"rules": [{"alert": "A", **rule}]})
    return try_rule(group, TrialTimes(0, end, step), RuleEngine(PromqlEngine(storage(*series))), Budget())


def spans(trial: Trial) -> list[tuple[str, str, str | None]]:
    """State, start and end of each span of the only alert, as minutes and seconds."""
    (alert,) = trial["alerts"]
    return [(each["state"], each["from"][14:19], each["to"] and each["to"][14:19]) for each in alert["spans"]]


def test_states_have_a_beginning_and_an_end() -> None:
    trial = tried({"expr": "m > 5", "for": "1m", "keep_firing_for": "30s"}, 'm{a="b"} 1 9 9 9 1x10')
    assert spans(trial) == [
        ("pending", "01:00", "02:00"),
        ("firing", "02:00", "04:00"),
        ("recovering", "04:00", "04:30"),
    ]
    assert [each["is_firing"] for each in trial["alerts"][0]["spans"]] == [False, True, True]
    assert (trial["operator"], trial["threshold"], trial["step"]) == (">", 5.0, 15.0)
    assert trial["series"][0]["labels"] == {"a": "b"}
    assert trial["series"][0]["points"][:5] == [1.0, 1.0, 1.0, 1.0, 9.0]


def test_what_still_fires_has_no_end() -> None:
    assert spans(tried({"expr": "m == 0"}, "m 0x10")) == [("firing", "00:00", None)]


def test_the_way_back_has_a_threshold_of_its_own() -> None:
    series = "m 1 9 7 7 3 1x10"
    assert spans(tried({"expr": "m > 8", "clear": "< 5"}, series)) == [("firing", "01:00", "04:00")]
    assert spans(tried({"expr": "m > 8"}, series)) == [("firing", "01:00", "02:00")]


def test_an_expression_without_a_number_has_no_threshold() -> None:
    trial = tried({"expr": "m > on () n"}, "m 1 9 1x10", "n 5x12")
    assert (trial["operator"], trial["threshold"]) == (None, None)
    assert spans(trial) == [("firing", "01:00", "02:00")]


def test_without_series_nothing_fires() -> None:
    trial = tried({"expr": "m > 1"})
    assert (trial["alerts"], trial["series_count"], len(trial["times"])) == ([], 0, 41)


def test_the_first_series_are_answered() -> None:
    trial = tried({"expr": "m > 1"}, *(f'm{{n="{number:02}"}} 2x10' for number in range(30)))
    assert (len(trial["series"]), trial["series_count"], trial["alert_count"]) == (20, 30, 30)


def test_a_rate_is_tried_over_its_window() -> None:
    trial = tried({"expr": "rate(c[2m]) > 0.5"}, "c 0+6x3 18+60x7", step=60)
    assert spans(trial) == [("firing", "05:00", None)]

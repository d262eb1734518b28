"""States of alerts: any series of findings, with any outages, against a model that reads all of it from the start."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.alerting import AlertChange, AlertKey, NewAlertStates
from analytics.alerts.rules.machine import (
    ALERT_IT,
    KEEP,
    LONGEST_NO_DATA,
    OK,
    Finding,
    Moment,
    Policy,
    failed_state,
    next_state,
)
from analytics.state.alerts.alerts import Alerts

HOLDS, BETWEEN, OVER, MISSING = Finding
LABELS = (("alertname", "Slow"),)
KEY = AlertKey("latency", "Slow", LABELS)
Step = tuple[int, Finding, bool]
"""Seconds that the service is off before an evaluation, what that finds, and whether the alert must be quiet."""
INTERVAL = 10
Shown = tuple[str, bool]


class Played:
    """One alert, evaluated every ten seconds; an outage restarts it from what was stored."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.alerts, self.now = policy, Alerts(), 1_000.0
        self._with_data = self.now

    def step(self, off: int, found: Finding, *, is_quiet: bool = False) -> Shown:
        if off:
            stored, self.alerts = self.alerts.dump(), Alerts()
            self.alerts.restore(stored)
            self.alerts.note_outage(self.now, self.now + off)
        self.now += off + INTERVAL
        outages = self.alerts.outages
        if found is not MISSING:
            self._with_data = self.now
        missing = Moment(self.now, outages).since(self._with_data)
        moment = Moment(self.now, outages, missing, is_quiet)
        entered = next_state(self.alerts.get(KEY), found, self.policy, moment)
        if entered is not None:
            change = AlertChange("Slow", LABELS, entered.state, entered.is_firing)
            self.alerts.put(NewAlertStates("latency", self.now, [change]), self.now)
        alert = self.alerts.get(KEY)
        return ("normal", False) if alert is None else (alert.state, alert.is_firing)


def modelled(steps: Sequence[Step], policy: Policy) -> Shown:
    """The state after all steps. Outages do not exist here: the model's clock stands still in them."""
    state, fires, clock, entered, with_data, resumes = "normal", False, 0, 0, 0, False
    for _, found, is_quiet in steps:
        clock += INTERVAL
        with_data = with_data if found is MISSING else clock
        before, fired = state, fires
        if found is MISSING and policy.no_data == OK:
            found = OVER
        if found is MISSING:
            if policy.no_data == ALERT_IT:
                if before == "no_data":
                    state = "normal" if clock - entered >= LONGEST_NO_DATA else "no_data"
                elif clock - with_data >= policy.no_data_after:
                    state, resumes = "no_data", fired
        elif found is HOLDS:
            if before in ("firing", "recovering") or fired:
                state = "firing"
            elif before == "pending":
                state = "firing" if clock - entered >= policy.hold else "pending"
            else:
                state = "pending" if policy.hold else "firing"
        elif before == "firing":
            if found is OVER:
                state = "recovering" if policy.keep else "normal"
        elif before == "recovering":
            state = "normal" if clock - entered >= policy.keep else "recovering"
        elif before == "no_data" and found is BETWEEN and resumes:
            state = "firing"
        else:
            state = "normal"
        if state != before:
            entered = clock
        if state in ("normal", "pending"):
            fires = False
        elif state in ("firing", "no_data") and not (found is MISSING and state == before and policy.no_data == KEEP):
            held_back = found is BETWEEN or (found is OVER and state == before)
            fires = fired or (not is_quiet and not held_back) or (found is BETWEEN and resumes and before == "no_data")
        if state == "normal":
            resumes = False
    return state, fires


def steps(*findings: Finding) -> st.SearchStrategy[list[Step]]:
    step = st.tuples(st.sampled_from((0, 0, 0, 1, 25, 4_000)), st.sampled_from(findings), st.booleans())
    return st.lists(step, max_size=40)


seconds = st.sampled_from((0.0, 10.0, 30.0, 45.0))
policies = st.builds(Policy, seconds, seconds, st.sampled_from((OK, KEEP, ALERT_IT)), seconds)


@given(steps(*Finding), policies)
@example([(0, HOLDS, False), (4_000, HOLDS, False), (0, HOLDS, False)], Policy(30.0))
@example([(0, HOLDS, True), (0, MISSING, True), (0, BETWEEN, False)], Policy(0.0, 0.0, ALERT_IT))
def test_any_findings_lead_to_the_states_of_the_model(given_steps: list[Step], policy: Policy) -> None:
    played = Played(policy)
    for number, (off, found, is_quiet) in enumerate(given_steps, 1):
        assert played.step(off, found, is_quiet=is_quiet) == modelled(given_steps[:number], policy), number


@pytest.mark.parametrize(("off", "fires"), [(0, True), (4_000, True)])
def test_for_counts_only_the_time_that_the_service_was_on(off: int, fires: bool) -> None:
    played = Played(Policy(30.0))
    assert played.step(0, HOLDS) == ("pending", False)
    played.step(0, HOLDS)
    assert played.step(off, HOLDS) == ("pending", False), "twenty seconds of thirty, whatever the outage"
    assert played.step(0, HOLDS) == ("firing", fires)


def test_missing_data_are_an_alert_after_a_while_and_not_for_ever() -> None:
    played = Played(Policy(no_data=ALERT_IT, no_data_after=20.0))
    assert played.step(0, OVER) == ("normal", False)
    assert played.step(0, MISSING) == ("normal", False)
    assert played.step(0, MISSING) == ("no_data", True)
    played.now += LONGEST_NO_DATA
    assert played.step(0, MISSING) == ("normal", False), "the series is gone"


def test_an_alert_begins_to_fire_when_what_it_depends_on_is_over() -> None:
    played = Played(Policy())
    assert played.step(0, HOLDS, is_quiet=True) == ("firing", False)
    assert played.step(0, HOLDS) == ("firing", True)
    assert played.step(0, HOLDS, is_quiet=True) == ("firing", True), "what people know of goes on"


def test_a_rule_that_fails_is_one_alert() -> None:
    entered = failed_state(None, is_quiet=False)
    assert entered == ("error", True)
    alerts = Alerts()
    alerts.put(NewAlertStates("latency", 5.0, [AlertChange("Slow", LABELS, *entered)]), 5.0)
    assert failed_state(alerts.get(KEY), is_quiet=False) is None
    assert next_state(alerts.get(KEY), OVER, Policy(), Moment(15.0)) == ("normal", False)
    assert next_state(alerts.get(KEY), HOLDS, Policy(60.0), Moment(15.0)) == ("firing", True), "it goes on firing"

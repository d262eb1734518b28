"""What is told at the end of a silence: what still fires, and what has recovered in between. Nothing is lost."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.alerting import AlertKey
from analytics.catalog.collections import SILENCES
from analytics.incidents import NewIncidentAction
from analytics.resources import NewChange
from tests.alerts.incidents.changes import end, fire, key, silence
from tests.alerts.incidents.told import Told

SHOP = {"service": "shop"}


def test_what_fires_in_a_silence_is_told_at_its_end() -> None:
    rig = Told()
    silence(rig, last=60)
    fire(rig, **SHOP)
    rig.wait(60)
    assert rig.messages == []
    rig.wait(5)
    assert rig.messages == [(60, "changed", ["Slow"], [])]
    end(rig, **SHOP)
    rig.wait(60)
    assert rig.messages[1:] == [(65, "changed", [], ["Slow"])]


def test_what_recovers_in_a_silence_is_told_at_its_end() -> None:
    rig = Told()
    silence(rig, start=10, last=50)
    fire(rig, instance="before", **SHOP)
    rig.wait(10)
    fire(rig, instance="within", **SHOP)
    rig.wait(20)
    for instance in ("before", "within"):
        end(rig, instance=instance, **SHOP)
    rig.wait(30)
    assert rig.messages == [(5, "changed", ["before"], [])]
    rig.wait(3_600, step=10)
    assert rig.messages[1:] == [(60, "changed", [], ["before", "within"])], "once"
    _, fired, ended, told = rig.told[-1]
    assert (fired - rig.began, (ended or 0) - rig.began, told - rig.began) == (10, 30, 60)


def test_it_is_told_days_later_too() -> None:
    rig = Told()
    silence(rig, last=3 * 86_400)
    fire(rig, **SHOP)
    rig.clock.advance(60)
    end(rig, **SHOP)
    for _ in range(3 * 24):
        rig.clock.advance(3_600)
        end(rig, "Other")
    rig.wait(5)
    assert [kinds for *_, kinds in rig.messages] == [["Slow"]]


def test_what_was_known_and_still_fires_is_told_again() -> None:
    rig = Told()
    fire(rig, **SHOP)
    rig.wait(10)
    silence(rig, last=60)
    rig.wait(70)
    assert rig.messages == [(5, "changed", ["Slow"], []), (70, "reminder", ["Slow"], [])]
    rig.wait(600)
    assert len(rig.messages) == 2


def test_ending_a_silence_early_tells_at_once() -> None:
    rig = Told()
    silence(rig, last=3_600)
    fire(rig, **SHOP)
    rig.wait(60)
    now = rig.clock.wall()
    found = rig.state.catalog.get(SILENCES.name, "quiet")
    assert found is not None
    rig.recorder.change(NewChange(SILENCES.name, "quiet", found.body, found.start, now, "ann"))
    rig.wait(2)
    assert rig.messages == [(60, "changed", ["Slow"], [])]


def test_what_fires_for_a_moment_outside_of_silences_is_not_told() -> None:
    rig = Told()
    silence(rig, start=60, last=60)
    fire(rig, **SHOP)
    rig.wait(2)
    end(rig, **SHOP)
    rig.wait(3_600)
    assert rig.messages == []


def test_the_end_of_a_snooze_tells_what_still_fires() -> None:
    rig = Told()
    fire(rig, **SHOP)
    rig.wait(10)
    incident = rig.state.incidents.of_alert(key(**SHOP))
    assert incident is not None
    rig.recorder.act(NewIncidentAction(incident.id, "acknowledged", "ann"))
    rig.recorder.act(NewIncidentAction(incident.id, "snoozed", "ann", until=rig.clock.wall() + 3_600))
    rig.wait(3_700, step=10)
    assert rig.messages == [(5, "changed", ["Slow"], []), (3_610, "reminder", ["Slow"], [])]
    assert [entry.step for entry in incident.timeline] == ["fired", "notified", "acknowledged", "snoozed", "notified"]


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("fire"), st.sampled_from("ab")),
        st.tuples(st.just("end"), st.sampled_from("ab")),
        st.tuples(st.just("silence"), st.sampled_from((7, 30, 90))),
        st.tuples(st.just("wait"), st.sampled_from((1, 6, 11, 40, 130))),
    ),
    max_size=25,
)


@given(MOVES)
@settings(deadline=None, max_examples=40)
def test_nothing_that_is_silenced_is_lost_and_nothing_told_in_a_silence(moves: Sequence[tuple[str, str | int]]) -> None:
    """Against the obvious: who listens knows at last what fires, and the newest run of what a silence withheld."""
    rig, quiet_until = Told(), 0.0
    firing: dict[AlertKey, float] = {}
    withheld: dict[AlertKey, float] = {}
    number = 0
    for what, detail in moves:
        now = rig.clock.wall()
        one = key(instance=str(detail), **SHOP)
        if what == "wait":
            before = len(rig.messages)
            rig.wait(int(detail))
            told_at = [rig.began + at for at, *_ in rig.messages[before:]]
            assert all(at >= quiet_until for at in told_at), "no notifications while a silence is active"
        elif what == "silence":
            number += 1
            silence(rig, f"s{number}", last=float(detail))
            quiet_until = max(quiet_until, now + float(detail))
        elif what == "fire" and one not in firing:
            firing[one] = now
            withheld.pop(one, None)
            fire(rig, instance=str(detail), **SHOP)
        elif what == "end" and one in firing:
            fired = firing.pop(one)
            end(rig, instance=str(detail), **SHOP)
            if now < quiet_until:
                withheld[one] = fired
    rig.wait(500, step=10)
    newest = {alert: (fired, ended) for alert, fired, ended, _ in rig.told}
    for alert in firing:
        assert newest[alert][1] is None, "it is known to fire"
    for alert, fired in withheld.items():
        assert newest[alert][0] == fired
        assert newest[alert][1] is not None, "it is known to have recovered"
    endings = defaultdict[tuple[AlertKey, float], int](int)
    for alert, fired, ended, _ in rig.told:
        endings[alert, fired] += ended is not None
    assert all(count <= 1 for count in endings.values()), "that a run is over is told once"

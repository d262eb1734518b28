"""Active users: the window of five minutes, to the second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.distinct import Distinct
from analytics.state.users import ActiveUsers
from tests.state.rig import NOON, Rig


def people(*names: str) -> Distinct:
    found = Distinct()
    found.add(names)
    return found


@pytest.mark.parametrize(("silence", "active"), [(0, 1), (1, 1), (299, 1), (299.9, 1), (300, 0), (301, 0), (9_999, 0)])
def test_a_user_is_active_for_five_minutes(silence: float, active: int) -> None:
    users = ActiveUsers(NOON)
    users.add(NOON + 0.5, people("ann"))
    users.advance(NOON + silence)
    assert users.count == active


@pytest.mark.parametrize(("age", "active"), [(0, 1), (299, 1), (300, 0), (86_400, 0)])
def test_a_late_record_counts_only_inside_the_window(age: float, active: int) -> None:
    users = ActiveUsers(NOON)
    users.add(NOON - age, people("ann"))
    assert users.count == active


def test_a_record_ahead_of_time_counts_as_now() -> None:
    users = ActiveUsers(NOON)
    users.add(NOON + 300, people("ann"))
    assert users.count == 1
    users.advance(NOON + 299)
    assert users.count == 1
    users.advance(NOON + 300)
    assert users.count == 0


def test_a_returning_user_stays_active_and_is_counted_once() -> None:
    users = ActiveUsers(NOON)
    users.add(NOON, people("ann", "bob"))
    users.advance(NOON + 200)
    users.add(NOON + 200, people("ann"))
    assert users.count == 2
    users.advance(NOON + 300)
    assert users.count == 1


def test_a_clock_that_goes_back_forgets_no_user() -> None:
    users = ActiveUsers(NOON)
    users.add(NOON, people("ann"))
    users.advance(NOON - 1_000)
    users.add(NOON - 100, people("bob"))
    assert users.count == 2


@given(
    st.lists(
        st.tuples(st.integers(-320, 310), st.integers(0, 6)).map(lambda pair: ("add", *pair))
        | st.integers(0, 160).map(lambda seconds: ("advance", seconds)),
        max_size=40,
    )
)
def test_the_window_matches_a_model(script: list[tuple[object, ...]]) -> None:
    users, now = ActiveUsers(NOON), NOON
    seen: list[tuple[int, int]] = []
    for step in script:
        match step:
            case ("add", int(age), int(user)):
                users.add(now - age, people(str(user)))
                seen.append((min(now - age, now), user))
            case ("advance", int(seconds)):
                now += seconds
                users.advance(now)
        assert users.count == len({user for at, user in seen if at > now - 300})


def test_nothing_is_kept_beyond_the_window() -> None:
    users = ActiveUsers(NOON)
    for second in range(1_000):
        users.advance(NOON + second)
        users.add(NOON + second, people(f"user-{second}"))
        assert len(users._seconds) <= 300
    assert users.count == 300


def test_events_make_users_active_and_those_without_a_user_do_not() -> None:
    rig = Rig()
    for user in ("ann", "bob", "ann", None, ""):
        rig.event("page_view", user_id=user)
    rig.event("page_view", "other-service", user_id="ann")
    rig.event("page_view", user_id="late", at=NOON - 299)
    rig.event("page_view", user_id="too late", at=NOON - 300)
    assert rig.overview["active_users"] == 3
    rig.clock.advance(299)
    assert rig.overview["active_users"] == 2
    rig.clock.advance(1)
    assert rig.overview["active_users"] == 0

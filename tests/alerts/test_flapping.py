"""Series that come and go, through rules and the log, to what a receiver is told."""

import pytest

from tests.alerts.incidents.told import Told
from tests.alerts.rules.rig import RuleRig

STEP = 5


@pytest.mark.parametrize(("minutes", "told"), [(1, [True, False]), (3, [True, False] * 5)])
def test_a_series_that_flaps_each_minute_sends_two_messages(minutes: int, told: list[bool]) -> None:
    """One that stays for three minutes is told each time: it lasts longer than `refire_wait`."""
    receiver = Told()
    rules = RuleRig(rig=receiver)
    rules.put("g", {"interval": f"{STEP}s", "rules": [{"alert": "Flaps", "expr": "queue > 100"}]})
    for minute in range(30):
        rules.gauge("queue", 1 if minute // minutes % 2 else 101)
        for _ in range(60 // STEP):
            rules.set(receiver.clock.wall() + STEP)
            receiver.plan()
    assert [bool(firing) for _, _, firing, _ in receiver.messages] == told

"""The two monitoring examples of the contract as rules: they say the same as the examples at each of their turns.

The examples themselves run unchanged in edge/test_usage.py.
"""

from datetime import datetime

from analytics.clock import rfc3339
from tests.alerts.rules.rig import RuleRig
from tests.state.rig import NOON, event

TURN = 30
RULES = [
    {
        "alert": "HighErrorRate",
        "expr": "100 * sum(increase(errors_total[1m])) / sum(increase(requests_total[1m])) > 5.0",
    },
    {"alert": "NotHealthy", "expr": 'service_status{status!="healthy"} == 1'},
    {"alert": "HeartbeatIsStale", "expr": "heartbeat_age_seconds > 2 * 60"},
]


def said(rig: RuleRig) -> set[str]:
    """What the examples say of the dashboard now, in the words of the rules."""
    dashboard, now = rig.rig.snapshot(), rig.rig.clock.wall()
    found = {"HighErrorRate"} if dashboard["overview"]["error_rate"] > 5.0 else set()
    for name, service in dashboard["services"].items():
        if service["status"] != "healthy":
            found.add(f"NotHealthy/{name}/{service['status']}")
        last = datetime.fromisoformat(service["last_heartbeat"]).timestamp()
        if now - last > 2 * 60:
            found.add(f"HeartbeatIsStale/{name}")
    return found


def test_rules_say_what_the_examples_of_the_contract_say() -> None:
    rig, told = RuleRig(), set[str]()
    rig.put("monitors", {"interval": f"{TURN}s", "rules": RULES})
    rig.evaluator.run_due()
    rig.evaluator.groups["monitors"].due = NOON + TURN
    for second in range(3, 20 * 60, 3):
        minute = second / 60
        rig.rig.clock.set(NOON + second)
        if second % 15 == 0:
            if not 4 < minute < 12:
                rig.rig.beat("cart", "degraded" if 14 < minute < 16 else "healthy")
            rig.rig.beat("shop")
        status = 500 if 6 < minute < 9 and second % 9 == 0 else 200
        rig.rig.events(event("request", "shop", data={"status": status}, at=rig.rig.clock.wall()))
        if second % TURN == 0:
            rig.rig.recorder.tick()
            rig.evaluator.run_due()
            rules = {named(dict(alert.key.labels)) for alert in rig.alerts if alert.is_firing}
            assert rules == said(rig), rfc3339(rig.rig.clock.wall())
            told |= rules
    assert {each.partition("/")[0] for each in told} == {"HighErrorRate", "NotHealthy", "HeartbeatIsStale"}
    assert {"NotHealthy/cart/degraded", "NotHealthy/cart/stale", "HeartbeatIsStale/cart"} <= told


def named(labels: dict[str, str]) -> str:
    return "/".join(filter(None, (labels["alertname"], labels.get("service"), labels.get("status"))))

"""The same rules over the same series here and in Prometheus: their alerts change at the same evaluations."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from analytics.alerting import NORMAL, PENDING
from analytics.catalog.documents import read
from tests.alerts.rules.rig import RuleRig
from tests.edge.wire import tool
from tests.state.rig import NOON

RULES_FILE = Path(__file__).parent / "rules.yaml"
STEP, STEPS = 15, 60
Changes = dict[tuple[tuple[str, str], ...], list[int]]
"""The evaluations at which an alert began or ceased to be in a state, by its labels and the state."""


def series() -> dict[str, list[float | None]]:
    """Values at each step by series; None for none."""
    waves = {"a": (10, 160), "b": (40, 130), "c": (0, 95)}
    found: dict[str, list[float | None]] = {}
    for number, (host, (low, high)) in enumerate(waves.items()):
        rack = "left" if host == "a" else "right"
        phase = [abs((step + 5 * number) % 20 - 10) / 10 for step in range(STEPS)]
        found[f'queue{{host="{host}",rack="{rack}"}}'] = [round(low + (high - low) * each) for each in phase]
        down = range(8 + 6 * number, 20 + 3 * number)
        found[f'live{{host="{host}"}}'] = [0 if step in down else 1 for step in range(STEPS)]
        found[f'limit{{rack="{rack}",id="{host}"}}'] = [90.0 + number] * STEPS
    found['switch{host="a"}'] = [0 if step in (40, 42, 44) else 1 for step in range(STEPS)]
    found['temperature{room="x"}'] = [None if step in range(12, 36) else 20.0 for step in range(STEPS)]
    for service, failing in (("shop", range(15, 35)), ("cart", range(40, 46))):
        requests = errors = 0
        totals: tuple[list[float | None], list[float | None]] = ([], [])
        for step in range(STEPS):
            requests += 0 if service == "cart" and step in range(20, 30) else 90
            errors += 45 if step in failing else 1
            totals[0].append(requests)
            totals[1].append(errors)
        found[f'requests{{service="{service}"}}'], found[f'errors{{service="{service}"}}'] = totals
    return found


def changes(states: list[set[tuple[tuple[str, str], ...]]]) -> Changes:
    found: Changes = {}
    before: set[tuple[tuple[str, str], ...]] = set()
    for step, now in enumerate(states):
        for labels in now ^ before:
            found.setdefault(labels, []).append(step)
        before = now
    return found


def notation(values: list[float | None]) -> Iterator[str]:
    """Values as promtool reads them; the first one that is missing is a stale marker."""
    for earlier, value in zip([None, *values], values, strict=False):
        yield f"{value:g}" if value is not None else "_" if earlier is None else "stale"


def of_prometheus(folder: Path) -> Changes:
    """What Prometheus' own engine finds: promtool tells it, as the test that it runs expects nothing."""
    lines = {name: " ".join(notation(values)) for name, values in series().items()}
    test = {
        "rule_files": [str(RULES_FILE)],
        "evaluation_interval": f"{STEP}s",
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": [{"series": name, "values": values} for name, values in lines.items()],
                "promql_expr_test": [{"expr": "ALERTS", "eval_time": f"{step * STEP}s"} for step in range(STEPS)],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(test))
    done = subprocess.run([tool("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    states: list[set[tuple[tuple[str, str], ...]]] = [set() for _ in range(STEPS)]
    found = re.findall(r'expr: "ALERTS", time: (\S+),\s+exp:.*?\s+got:\s*(.*)', told)
    assert len(found) >= STEPS - 1, told[:2_000]
    for time, got in found:
        minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", time).groups()  # type: ignore[union-attr]
        step = (int(minutes or 0) * 60 + int(seconds or 0)) // STEP
        for labels in re.findall(r"\{([^}]*)\}", got):
            pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            states[step].add(tuple(sorted((name, text) for name, text in pairs.items() if name != "__name__")))
    return changes(states)


def of_ours() -> Changes:
    """What is found here, of the same file. A value of the moment of an evaluation counts from the next one on."""
    rig = RuleRig(NOON - STEP)
    for name, body in read(RULES_FILE.read_bytes(), "rules.yaml").collections["rules"].items():
        rig.put(name, body)
    rig.evaluator.run_due()
    for running in rig.evaluator.groups.values():
        running.due = NOON  # not at their phases: those of Prometheus are others
    parsed = [
        (*re.fullmatch(r"(\w+)\{(.*)\}", name).groups(), values)  # type: ignore[union-attr]
        for name, values in series().items()
    ]
    states: list[set[tuple[tuple[str, str], ...]]] = []
    for step in range(STEPS):
        rig.rig.clock.set(NOON + step * STEP - 1)
        for name, labels, values in parsed:
            record = rig.counter if name in ("requests", "errors") else rig.gauge
            value, earlier = values[step], values[step - 1] if step else None
            if value is not None or earlier is not None:
                record(name, value, **dict(re.findall(r'(\w+)="([^"]*)"', labels)))
        rig.set(NOON + step * STEP)
        now = set()
        for alert in rig.alerts:
            if alert.state != NORMAL:
                state = "pending" if alert.state == PENDING else "firing"
                now.add(tuple(sorted((*alert.key.labels, ("alertstate", state)))))
        states.append(now)
    assert [status.error for each in rig.evaluator.groups.values() for status in each.statuses.values()] == [""] * 35
    return changes(states)


def test_alerts_change_at_the_same_evaluations(tmp_path: Path) -> None:
    theirs, ours = of_prometheus(tmp_path), of_ours()
    assert len({dict(labels)["alertname"] for labels in theirs}) >= 30
    assert ours.keys() == theirs.keys()
    late = {
        labels: (ours[labels], steps)
        for labels, steps in theirs.items()
        if len(ours[labels]) != len(steps) or any(abs(a - b) > 1 for a, b in zip(ours[labels], steps, strict=True))
    }
    assert late == {}
    exact = sum(ours[labels] == steps for labels, steps in theirs.items())
    assert exact >= 0.8 * len(theirs), f"{exact} of {len(theirs)} change at exactly the same evaluations"

"""Prometheus' own test files of PromQL, from a folder that the project does not contain."""

import os
import sys
from pathlib import Path

import pytest

from tests.promqltest.run import run

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("PROMQLTEST_DIR") or ROOT / "../shared/data/promqltest")
LEAST_SHARE = 0.99


def test_the_engine_answers_as_prometheus_own_files_expect(capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(FOLDER.rglob("*.test"))
    if not paths:
        pytest.skip(f"no promqltest files in {FOLDER}; PROMQLTEST_DIR names another folder")
    outcome = run(paths)
    with capsys.disabled():
        sys.stdout.write(f"\n{outcome}\n")
    for kind, places in (("skipped", outcome.skipped), ("failed", outcome.failed)):
        sys.stdout.writelines(f"{kind} {place}\n" for place in places)
    assert outcome.passed >= LEAST_SHARE * (outcome.passed + len(outcome.failed))
    assert outcome.passed

"""The memory trimmer, in a process of its own."""

import subprocess
import sys

from tests.server import ROOT

PROGRAM = """
from pathlib import Path
from analytics.clock import SystemClock
from analytics.jobs.memory import make_trimmer
from analytics.jobs.supervisor import Supervisor

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

trimmer = make_trimmer(Supervisor(SystemClock()))
before = resident()
large = bytes(30_000_000)
del large
again = bytes(30_000_000)
del again
after_large = resident()
small = [bytes(5_000) for _ in range(20_000)]
last = bytes(5_000)
del small
with_holes = resident()
trimmer.tick()
print(after_large - before, with_holes - before, resident() - before)
"""


def test_large_blocks_are_returned_at_once_and_others_by_the_job() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    after_large, with_holes, trimmed = map(int, done.stdout.split())
    assert after_large < 10_000_000
    assert with_holes > 50_000_000
    assert trimmed < 20_000_000

"""The bench as a program: one figure that hangs does not keep the others from being measured."""

import subprocess
import sys

from tests.server import ROOT

PROGRAM = """
import time
import bench.__main__ as bench
from bench.table import Row

bench.MOST_SECONDS = 0.2
bench.FIGURES = {
    "hangs": lambda plan: time.sleep(600),
    "fails": lambda plan: 1 / 0,
    "works": lambda plan: [Row("what works", reached=True)],
}
bench.main(["--seconds", "0.1", "--repeat", "1"])
"""


def test_each_figure_has_a_time_limit_and_all_rows_are_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "the figure took too long" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert "what works" in done.stdout

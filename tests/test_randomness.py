"""Random tests use the seed of the run, which is printed, and are deterministic in CI."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT

DRAWN = """
from hypothesis import given, settings, strategies as st
from tests.randomness import examples

seen = []

@given(st.integers())
def test_property(number):
    seen.append(number)

@examples(5)
@given(st.integers())
def test_few(number):
    seen.append(number)

def test_dice(dice):
    print("drawn", len(seen), settings.default.max_examples, hash(tuple(seen)), dice.random())
"""


def run(folder: Path, *options: str, script: str = DRAWN) -> str:
    """Output of a pytest run with nothing but hypothesis and the plugin under test."""
    (folder / "test_drawn.py").write_text(script)
    plugins = ("-p", "_hypothesis_pytestplugin", "-p", "tests.randomness", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-c", os.devnull, "--rootdir", folder, *plugins, *options, folder],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def drawn(output: str) -> str:
    (line,) = re.findall(r"drawn .*", output)
    return line


def test_a_run_prints_the_options_to_repeat_it(tmp_path: Path) -> None:
    first, other = run(tmp_path), run(tmp_path)
    (repeat,) = re.findall(r"random tests: repeat with (.*)", first)
    assert repeat.startswith("--hypothesis-profile=default --hypothesis-seed=")
    assert drawn(run(tmp_path, *repeat.split())) == drawn(first) != drawn(other)


def test_the_ci_profile_is_the_same_every_time(tmp_path: Path) -> None:
    first, again = (run(tmp_path, "--hypothesis-profile=ci") for _ in range(2))
    assert "--hypothesis-seed=0" in first
    assert drawn(first) == drawn(again)


@pytest.mark.parametrize(("profile", "usual", "few"), [("default", 60, 5), ("long", 600, 50)])
def test_the_long_profile_tries_more_examples(profile: str, usual: int, few: int, tmp_path: Path) -> None:
    _, count, most, *_ = drawn(run(tmp_path, f"--hypothesis-profile={profile}")).split()
    assert (int(most), int(count)) == (usual, usual + few)


def test_a_failure_prints_the_seed_at_the_end(tmp_path: Path) -> None:
    output = run(tmp_path, "--hypothesis-seed=17", script="def test_fails(): assert False")
    assert output.count("random tests: repeat with --hypothesis-profile=default --hypothesis-seed=17") == 2

"""Pytest plugin for random tests: one seed per run, printed, and the number of examples by hypothesis profile."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, core, settings

EXAMPLES = 60
"""Examples of a property in `make test`: enough to find a mistake, few enough to stay quick."""

settings.register_profile(
    "default", max_examples=EXAMPLES, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None)
settings.register_profile("long", settings.get_profile("default"), max_examples=10 * EXAMPLES)
settings.load_profile("default")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed before hypothesis reads its option; a worker of pytest-xdist gets it from the main process."""
    if config.option.hypothesis_seed is None:
        fixed = config.option.hypothesis_profile == "ci"
        chosen = "0" if fixed else str(random.SystemRandom().randrange(2**32))
        config.option.hypothesis_seed = getattr(config, "workerinput", {"seed": chosen})["seed"]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the seed to a worker that pytest-xdist starts."""
    node.workerinput["seed"] = node.config.option.hypothesis_seed


def pytest_report_header(config: pytest.Config) -> str:
    """First lines of a run."""
    return _how_to_repeat(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Last lines of a run; the seed stands there again where a test failed."""
    if terminalreporter.stats.keys() & {"failed", "error"}:
        terminalreporter.write_line(_how_to_repeat(config))


def _how_to_repeat(config: pytest.Config) -> str:
    profile = config.option.hypothesis_profile or "default"
    return f"random tests: repeat with --hypothesis-profile={profile} --hypothesis-seed={config.option.hypothesis_seed}"


def seed() -> int:
    """The seed of this run, as hypothesis has it once pytest is configured."""
    return int(core.global_force_seed)


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """A random generator of the test's own: the same numbers for the same seed, whatever else runs."""
    return random.Random(f"{seed()} {request.node.name}")


def many(most: int) -> int:
    """`most` in `make test`, and proportionally more in `make test-long`."""
    return most * settings.default.max_examples // EXAMPLES


def examples(most: int = EXAMPLES, **options: Any) -> settings:
    """Settings of a property that needs more or fewer examples than others: `many(most)` of them.

    Use as a decorator: `@examples(25)`.
    """
    return settings(max_examples=many(most), **options)


def costly(most: int = EXAMPLES) -> settings:
    """The same for slow examples: a failing one is reported without shrinking."""
    return examples(most, phases=(Phase.explicit, Phase.reuse, Phase.generate))

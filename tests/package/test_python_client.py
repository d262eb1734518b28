"""The package of the Python client, and its installation beside the package of the service."""

import zipfile
from collections.abc import Callable
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from tests.package.conftest import Environment, Wheels
from tests.server import ROOT

OWN = "from analytics_sdk import AnalyticsClient; import analytics_sdk.flask, analytics_sdk.wsgi; print('there')"
ALIAS = "from analytics.sdk import AnalyticsClient; import analytics.sdk.flask, analytics.sdk.wsgi; print('there')"


@pytest.fixture(scope="module")
def side_by_side(make_environment: Callable[[], Environment], wheels: Wheels) -> Environment:
    """An environment with both packages."""
    environment = make_environment()
    environment.install(*wheels)
    return environment


def metadata(wheel: Path) -> Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_string(archive.read(name).decode())


def test_the_wheel_has_the_whole_client_with_types_and_nothing_else(wheels: Wheels) -> None:
    names = {name for name in zipfile.ZipFile(wheels.client).namelist() if ".dist-info/" not in name}
    files = [path for path in (ROOT / "clients/python/analytics_sdk").iterdir() if path.is_file()]
    assert names == {f"analytics_sdk/{path.name}" for path in files}
    assert "analytics_sdk/py.typed" in names


def test_the_client_requires_only_requests(wheels: Wheels) -> None:
    needed = metadata(wheels.client).get_all("Requires-Dist") or []
    (always,) = [need for need in needed if "extra ==" not in need]
    assert always.startswith("requests")


def test_the_wheels_share_no_file(wheels: Wheels) -> None:
    service, client = (set(zipfile.ZipFile(wheel).namelist()) for wheel in wheels)
    assert not service & client
    assert "analytics/sdk/py.typed" in service


def test_both_packages_work_side_by_side(side_by_side: Environment, tmp_path: Path) -> None:
    for script in (OWN, ALIAS):
        assert side_by_side.python(script, tmp_path) == "there"


@pytest.mark.parametrize("removed", ["service", "client"])
def test_each_package_works_once_the_other_is_removed(
    side_by_side: Environment, wheels: Wheels, tmp_path: Path, removed: str
) -> None:
    name, wheel, left, gone = {
        "service": ("analytics-dashboard", wheels.service, OWN, "analytics"),
        "client": ("analytics-dashboard-sdk", wheels.client, ALIAS, "analytics_sdk"),
    }[removed]
    side_by_side.pip("uninstall", "--yes", name)
    assert side_by_side.python(left, tmp_path) == "there"
    find = f"import importlib.util; print(importlib.util.find_spec('{gone}'))"
    assert side_by_side.python(find, tmp_path) == "None"
    side_by_side.install(wheel)


def test_a_typed_program_may_use_either_name(side_by_side: Environment, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import analytics.sdk, analytics_sdk\n"
        "reveal_type(analytics.sdk.AnalyticsClient().counts())\n"
        "reveal_type(analytics_sdk.AnalyticsClient().counts())\n"
    )
    check = "from mypy.main import main; main(args=['--strict', 'program.py'], clean_exit=True)"
    assert side_by_side.python(check, tmp_path).count("dict[str, int]") == 2

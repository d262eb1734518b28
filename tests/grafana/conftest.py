"""One busy service for all tests of this folder; they only read."""

from collections.abc import Iterator

import pytest

from tests.grafana.grafana import Grafana
from tests.grafana.service import busy_service


@pytest.fixture(scope="session")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    """Grafana's view of the service."""
    with busy_service(tmp_path_factory.mktemp("grafana")) as found:
        yield found

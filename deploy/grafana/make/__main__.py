"""Writes the dashboards in both forms: `python -m deploy.grafana.make`."""

import json
from collections.abc import Iterator
from pathlib import Path

from deploy.grafana.make.classic import classic
from deploy.grafana.make.common import uid
from deploy.grafana.make.model import Json
from deploy.grafana.make.own import own
from deploy.grafana.make.services import endpoints, overview, service
from deploy.grafana.make.v2 import v2

FOLDER = Path(__file__).parent.parent / "dashboards"


def files() -> Iterator[tuple[Path, str]]:
    """All dashboards as files: `classic/` and `v2/`, each with a file for each dashboard."""
    for dashboard in (overview(), service(), endpoints(), own()):
        for folder, made in (("classic", classic(dashboard)), ("v2", v2(dashboard))):
            yield FOLDER / folder / f"{uid(dashboard)}.json", _text(made)


def _text(made: Json) -> str:
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write the files."""
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    write()

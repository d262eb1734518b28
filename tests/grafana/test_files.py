"""The files of deploy/grafana/: up to date, equal in both forms, valid, and found by Grafana."""

import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from deploy.grafana.make.__main__ import FOLDER, files
from deploy.grafana.make.common import SOURCE
from tests.grafana.dashboards import paths, read
from tests.grafana.schema_v2 import Resource
from tests.server import ROOT

DEPLOY = ROOT / "deploy"
PROVISIONING = DEPLOY / "grafana" / "provisioning"


def test_the_files_are_what_the_generator_writes() -> None:
    made = dict(files())
    assert paths() == sorted(made)
    for path, text in made.items():
        assert path.read_text() == text, f"run python -m deploy.grafana.make: {path} differs"


@pytest.mark.parametrize("path", sorted((FOLDER / "classic").iterdir()), ids=lambda path: path.stem)
def test_both_forms_ask_and_place_the_same(path: Path) -> None:
    assert read(path) == read(FOLDER / "v2" / path.name)
    assert read(path).name == path.stem


@pytest.mark.parametrize("path", sorted((FOLDER / "v2").iterdir()), ids=lambda path: path.stem)
def test_resources_follow_the_schema(path: Path) -> None:
    resource = msgspec.json.decode(path.read_bytes(), type=Resource)
    shown = [item.spec.element.name for item in resource.spec.layout.spec.items]
    assert sorted(shown) == sorted(resource.spec.elements)


@pytest.mark.parametrize("path", paths(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_panels_do_not_overlap(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for _, x, y, width, height in read(path).places:
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        assert x + width <= 24
        assert not cells & taken
        taken |= cells


def test_dashboards_choose_the_provisioned_data_source_at_first() -> None:
    source, logs, traces = yaml.safe_load((PROVISIONING / "datasources" / "analytics.yaml").read_text())["datasources"]
    assert (source["name"], source["uid"], source["type"]) == (*SOURCE, "prometheus")
    assert logs["type"] == "loki"
    assert traces["type"] == "jaeger"
    assert logs["jsonData"]["derivedFields"][0]["datasourceUid"] == traces["uid"]
    assert source["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"] == traces["uid"]
    assert all(each["jsonData"]["httpHeaderName1"] == "X-API-Key" for each in (source, logs))
    for path in (FOLDER / "classic").iterdir():
        variable = json.loads(path.read_text())["templating"]["list"][0]
        assert variable["current"]["value"] == SOURCE.uid


def test_compose_starts_grafana_only_when_asked_and_mounts_what_it_reads() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    grafana = compose["grafana"]
    assert grafana["profiles"] == ["grafana"]
    assert "profiles" not in compose["analytics"]
    mounts = dict(mount.split(":")[:2] for mount in grafana["volumes"])
    targets = {target: DEPLOY / source for source, target in mounts.items() if source.startswith(".")}
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "analytics.yaml").read_text())["providers"]
    folder, _, variable = provider["options"]["path"].rpartition("/")
    assert (targets[folder] / grafana["environment"][variable.removeprefix("$")]).is_dir()
    assert targets["/etc/grafana/provisioning/datasources"] == PROVISIONING / "datasources"
    assert targets["/etc/grafana/provisioning/dashboards"] == PROVISIONING / "dashboards"
    port = compose["analytics"]["ports"][0].rpartition(":")[2]
    assert grafana["environment"]["ANALYTICS_URL"] == f"http://analytics:{port}"


def test_all_variables_of_provisioning_are_set_by_compose_and_documented() -> None:
    grafana = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["grafana"]
    text = "".join(path.read_text() for path in PROVISIONING.rglob("*.yaml"))
    used = set(re.findall(r"\$(ANALYTICS_\w+)", text))
    assert used == grafana["environment"].keys()
    guide = (ROOT / "docs" / "howto" / "grafana.md").read_text()
    assert all(f"| `{name}` |" in guide for name in used)

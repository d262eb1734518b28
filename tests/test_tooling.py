"""The files for editors, hooks and public hosting name tools and targets that exist."""

import configparser
import re
import tomllib

import yaml

from tests.server import ROOT

TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_hooks_are_local_and_run_commands_of_make_test() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = hooks["repos"]
    assert repository["repo"] == "local"
    commands = [hook["entry"] for hook in repository["hooks"]]
    assert [command.split()[0] for command in commands] == [".venv/bin/ruff", ".venv/bin/ruff", ".venv/bin/mypy"]
    assert [command.split()[1:2] for command in commands] == [["check"], ["format"], []]


def test_the_workflow_runs_make_test_on_each_supported_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert versions == ["3.11", "3.12", "3.13"]
    assert project["requires-python"] == f">={versions[0]}"
    commands = [step["run"] for step in job["steps"] if step.get("run", "").startswith("make ")]
    assert "make test" in commands
    assert {command.removeprefix("make ") for command in commands} <= TARGETS


def test_the_line_length_of_editors_matches_ruff() -> None:
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (ROOT / ".editorconfig").read_text())
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert parser["*"]["max_line_length"] == str(ruff["line-length"])


def test_the_targets_that_documents_name_exist() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docs/dependencies.md", "docs/performance.md"):
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / name).read_text(), re.MULTILINE))
        assert named, name
        assert named <= TARGETS, name

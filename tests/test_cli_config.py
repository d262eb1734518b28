"""The command `config`: each setting with its value, source and meaning, and errors of wrong ones."""

import dataclasses
import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from analytics.cli import main
from analytics.cli.beside import DEMO_DEFAULTS
from analytics.cli.config import Effective, effective, table
from analytics.config import SETTINGS
from analytics.converters import checked
from analytics.setting import Setting
from tests.server import ROOT

LINE = re.compile(r"  (\S+) +(\S.*?)  +(environment|default|container|demo --serve) +(\S.*)")


def run(*args: str, **environment: str) -> Result:
    unset = dict.fromkeys([*(setting.variable for setting in SETTINGS.values()), *os.environ])
    unset = {name: None for name in unset if name in ("HOST", "PORT", "LOG_LEVEL") or name.startswith("ANALYTICS_")}
    return CliRunner().invoke(main, ["config", *args], env={**unset, **environment})


def rows(result: Result) -> dict[str, tuple[str, str, str]]:
    """Value, source and meaning by variable."""
    found = [LINE.fullmatch(line) for line in result.stdout.splitlines() if line.startswith("  ")]
    return {match[1]: (match[2], match[3], match[4]) for match in found if match}


def test_each_setting_is_printed_in_its_group() -> None:
    result = run()
    assert (result.exit_code, result.stderr) == (0, "")
    expected: list[str] = []
    for setting in SETTINGS.values():
        if setting.group not in expected:
            expected.append(setting.group)
        expected.append(setting.variable)
    printed = [line if line[0] != " " else line.split()[0] for line in result.stdout.splitlines()]
    assert printed == expected
    assert rows(result) == {
        setting.variable: (setting.show(setting.default) or "(empty)", "default", setting.about)
        for setting in SETTINGS.values()
    }


def test_values_of_the_environment_are_distinguished_from_defaults() -> None:
    result = run(PORT="9000", LOG_LEVEL="debug", ANALYTICS_DATA_DIR="", ANALYTICS_CORS_ORIGINS="http://a, http://b")
    found = {variable: row[:2] for variable, row in rows(result).items() if row[1] != "default"}
    assert found == {
        "PORT": ("9000", "environment"),
        "LOG_LEVEL": ("DEBUG", "environment"),
        "ANALYTICS_DATA_DIR": ("(empty)", "environment"),
        "ANALYTICS_CORS_ORIGINS": ("http://a,http://b", "environment"),
    }


def test_defaults_of_the_container_are_distinguished_from_set_values() -> None:
    lines = re.findall(r"^ENV (.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    image: dict[str, str] = {}
    for line in lines:  # Docker replaces `$NAME` by what earlier instructions have set
        before = dict(image)
        for name, value in (pair.split("=", 1) for pair in line.split()):
            image[name] = re.sub(r"\$(\w+)", lambda match, known=before: known[match[1]], value)
    found = rows(run(**{**image, "PORT": "80"}))
    assert found["HOST"][:2] == ("0.0.0.0", "container")
    assert found["ANALYTICS_DATA_DIR"][:2] == ("/data", "container")
    assert found["PORT"][:2] == ("80", "environment")
    assert found["LOG_LEVEL"][:2] == ("INFO", "default")


def test_the_demo_has_defaults_of_its_own() -> None:
    found = rows(run("--demo"))
    assert {name: row[0] for name, row in found.items() if row[1] == "demo --serve"} == {
        name: value or "(empty)" for name, value in DEMO_DEFAULTS.items()
    }
    assert rows(run("--demo", LOG_LEVEL="INFO"))["LOG_LEVEL"][:2] == ("INFO", "environment")


def test_json_is_one_object() -> None:
    found = json.loads(run("--json", PORT="9000", ANALYTICS_DATADIR="x").stdout)
    assert list(found) == ["settings", "unknown"]
    assert list(found["settings"]) == [setting.variable for setting in SETTINGS.values()]
    assert found["settings"]["PORT"] == {
        "value": 9000,
        "default": 8099,
        "source": "environment",
        "group": "Listening",
        "about": "port to listen on",
        "error": None,
    }
    assert found["settings"]["ANALYTICS_CORS_ORIGINS"]["value"] == ["*"]
    assert found["unknown"] == {"ANALYTICS_DATADIR": "ANALYTICS_DATA_DIR"}


def test_wrong_values_are_named_and_the_rest_is_printed() -> None:
    result = run(PORT="x", LOG_LEVEL="loud", HOST="::1")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: PORT='x' is not allowed: port to listen on; a whole number from 1 to 65535 (default 8099)",
        "Error: LOG_LEVEL='loud' is not allowed: least severe level that is logged; "
        "one of DEBUG, INFO, WARNING, ERROR, CRITICAL (default INFO)",
    ]
    assert rows(result)["PORT"][:2] == ("(not allowed)", "environment")
    assert rows(result)["HOST"][:2] == ("::1", "environment")
    result = run("--json", PORT="x")
    port = json.loads(result.stdout)["settings"]["PORT"]
    assert (result.exit_code, port["value"]) == (1, None)
    assert port["error"].startswith("PORT='x' is not allowed")


def test_an_unknown_variable_is_a_warning() -> None:
    result = run(ANALYTICS_DATADIR="x")
    assert result.exit_code == 0
    assert result.stderr == (
        "Warning: ANALYTICS_DATADIR is not a setting and has no effect: did you mean ANALYTICS_DATA_DIR?\n"
    )


def test_a_path_that_cannot_be_printed_is_escaped() -> None:
    data_dir = SETTINGS["data_dir"]
    assert effective(data_dir, {data_dir.variable: "a\nb\udcff"}, {}).text == r"'a\nb\udcff'"


@pytest.mark.parametrize("text", ["s3cret", "wrong"])
def test_a_secret_is_hidden(text: str) -> None:
    key = Setting("ANALYTICS_KEY", "Access", "", checked(lambda text: text == "s3cret", "a key"), "key of a peer", True)
    found = effective(key, {"ANALYTICS_KEY": text}, {})
    printed = json.dumps(found.to_json()) + "".join(table([found]))
    assert text not in printed
    assert "***" in printed
    secret_default = Effective(dataclasses.replace(key, default="s3cret"), "default", "s3cret")
    assert "s3cret" not in json.dumps(secret_default.to_json())


def test_config_imports_no_other_part_of_the_service() -> None:
    script = (
        "import atexit, sys; from analytics.cli import main\n"
        "atexit.register(lambda: print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr))\n"
        "main(['config'])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "analytics" in loaded
    assert not {"flask", "gevent", "gunicorn", "marshmallow", "requests", "sqlite3"} & loaded

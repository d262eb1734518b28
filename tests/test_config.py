"""Settings: read once, and a wrong value is one line that names the variable, the value and what is allowed."""

import dataclasses
import re
import subprocess
import sys

import click
import pytest

from analytics.cli import main
from analytics.config import SETTINGS, Settings, unknown_variable_warnings, unknown_variables
from analytics.converters import checked
from analytics.errors import SettingError
from analytics.setting import Setting, SettingGroup
from tests.server import ROOT

VARIABLES = [setting.variable for setting in SETTINGS.values()]
WHOLE = [name for name in SETTINGS if isinstance(getattr(Settings(), name), int)]
BROKEN = [name for name in SETTINGS if isinstance(getattr(Settings(), name), float)]
BOUNDS = re.compile(r"number from (\S+) to (\S+)")


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def message(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> str:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError) as error:
        Settings.from_env()
    return error.value.message


def test_defaults_apply_without_variables() -> None:
    assert Settings.from_env() == Settings()


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = Settings()
    assert (settings.port, settings.log_level, settings.cors_origins) == (8099, "INFO", ("*",))
    assert (settings.max_body, settings.max_batch) == (10 * 1024 * 1024, 10_000)
    assert (settings.events_ring, settings.metrics_ring) == (10_000, 10_000)
    assert (settings.hourly_days, settings.daily_days) == (7, 90)
    assert (settings.dedupe_ids, settings.dedupe_seconds) == (100_000, 600)
    assert (settings.max_services, settings.max_series, settings.max_event_types) == (1_000, 10_000, 1_000)
    assert (settings.max_endpoints, settings.max_service_endpoints) == (20_000, 2_000)


ROW = re.compile(r"^\| `((?:ANALYTICS_)?[A-Z_]+)` \|(?: `([^`]+)`)? \|", re.MULTILINE)


def test_the_documentation_lists_each_with_its_default() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    rows = [row for page in pages for row in ROW.findall(page.read_text())]
    printed = {setting.variable: setting.show(setting.default) for setting in SETTINGS.values()}
    assert sorted(rows) == sorted(printed.items())


def test_the_help_of_serve_names_the_variables_and_their_defaults() -> None:
    by_variable = {setting.variable: setting for setting in SETTINGS.values()}
    options = [option for option in main.commands["serve"].params if isinstance(option, click.Option)]
    assert len(options) == 3
    for option in options:
        variable, default = re.findall(r"\[env var: (\w+); default: ([\w.]+)", option.help or "")[0]
        assert option.opts == [f"--{variable.removeprefix('ANALYTICS_').lower().replace('_', '-')}"]
        assert default == by_variable[variable].show(by_variable[variable].default)


def test_commands_that_read_a_setting_have_its_default() -> None:
    by_variable = {setting.variable: setting for setting in SETTINGS.values()}
    found = [
        (command.name, parameter.default, by_variable[str(parameter.envvar)].default)
        for command in main.commands.values()
        for parameter in command.params
        if parameter.envvar in by_variable
    ]
    assert {name for name, _, _ in found} == {"backup", "restore", "inspect"}
    assert all(str(default) == of_setting for _, default, of_setting in found)


def test_only_three_variables_are_plain() -> None:
    plain = {variable for variable in VARIABLES if not variable.startswith("ANALYTICS_")}
    assert plain == {"HOST", "PORT", "LOG_LEVEL"}
    assert len(set(VARIABLES)) == len(VARIABLES)
    assert all(setting.about for setting in SETTINGS.values())


def test_each_printed_default_can_be_parsed() -> None:
    for setting in SETTINGS.values():
        assert setting.read({setting.variable: setting.show(setting.default)}) == setting.default


def test_the_settings_of_a_group_stand_together() -> None:
    groups = [setting.group for setting in SETTINGS.values()]
    assert [group for index, group in enumerate(groups) if groups[index - 1] != group] == list(dict.fromkeys(groups))
    assert len(set(groups)) == 10


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", ["", "x", "1.5", "1e3", "0x10", "true", "None"])
def test_values_other_than_whole_numbers_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    check_line(message(monkeypatch, SETTINGS[name].variable, value), name, value, "a whole number from")


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "-inf", "1,5"])
def test_values_other_than_numbers_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    check_line(message(monkeypatch, SETTINGS[name].variable, value), name, value, "a number from")


@pytest.mark.parametrize("name", WHOLE + BROKEN)
def test_bounds_are_allowed_and_values_beyond_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    variable = SETTINGS[name].variable
    low, high = BOUNDS.findall(SETTINGS[name].converter.allowed)[0]
    for value in (low, high):
        monkeypatch.setenv(variable, value)
        assert getattr(Settings.from_env(), name) == float(value)
    for beyond in (float(low) - 1, float(high) + 1, -(10.0**12), 10.0**30):
        text = f"{beyond:.0f}" if name in WHOLE else str(beyond)
        check_line(message(monkeypatch, variable, text), name, text, f"from {low} to {high}")


@pytest.mark.parametrize("value", ["", "LOUD", "info,debug", "10"])
def test_an_unknown_log_level_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(
        message(monkeypatch, "LOG_LEVEL", value), "log_level", value, "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",",
        "shop.example",
        "https://",
        "ftp://a.example",
        "https://a.example/path",
        "*,https://a.example",
        "https://*.a.example",
        "https://user@a.example",
        "https://a.example:port",
        "https://a.example:70000",
        "https://[::g]",
    ],
)
def test_invalid_lists_of_origins_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(message(monkeypatch, "ANALYTICS_CORS_ORIGINS", value), "cors_origins", value, "a comma-separated list")


@pytest.mark.parametrize("value", [",", "*", "'self'", "https://*.a.example", "https://a.example; script-src *"])
def test_invalid_lists_of_embedding_origins_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    line = message(monkeypatch, "ANALYTICS_FRAME_ANCESTORS", value)
    check_line(line, "frame_ancestors", value, "empty, or a comma-separated list such as https://shop.example")


@pytest.mark.parametrize(
    "value",
    [
        "/",
        "stats",
        "/stats/",
        "//stats",
        "/a//b",
        "/a/../b",
        "/..",
        "/./a",
        "/a b",
        "/a'b",
        '/a"b',
        "/a?b",
        "/a%20b",
        "/ä",
    ],
)
def test_invalid_base_paths_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(message(monkeypatch, "ANALYTICS_BASE_PATH", value), "base_path", value, "a path such as /stats")


@pytest.mark.parametrize("value", [",", "localhost", "127.0.0.1:80", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1,", "*"])
def test_invalid_lists_of_proxies_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    line = message(monkeypatch, "ANALYTICS_TRUSTED_PROXIES", value)
    check_line(line, "trusted_proxies", value, "a comma-separated list of addresses and networks")


@pytest.mark.parametrize("value", ["", "127.0.0.1:5", "::1:", "two words", "-a", "http://a"])
def test_invalid_hosts_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(message(monkeypatch, "HOST", value), "host", value, "without a port")


@pytest.mark.parametrize("value", ["x" * 19, "x" * 513, "two words of 20 letters", "ä" * 20, "x" * 20 + "\n"])
def test_admin_keys_that_are_short_or_no_plain_text_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    line = message(monkeypatch, "ANALYTICS_ADMIN_KEY", value)
    assert line.startswith("ANALYTICS_ADMIN_KEY")
    assert "20 to 512 printable ASCII characters" in line
    assert value not in line


def test_any_text_of_20_characters_is_an_admin_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_ADMIN_KEY", "x" * 20)
    assert Settings.from_env().admin_key == "x" * 20


@pytest.mark.parametrize("value", ["127.0.0.1", "::1", "::", "localhost", "a-1.example", "0.0.0.0"])
def test_addresses_and_names_are_hosts(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOST", value)
    assert Settings.from_env().host == value


def check_line(line: str, name: str, value: str, allowed: str) -> None:
    assert "\n" not in line
    assert line.startswith(f"{SETTINGS[name].variable}={value!r} is not allowed: ")
    assert allowed in line
    assert SETTINGS[name].about in line
    assert "default" in line


@pytest.mark.parametrize(
    ("variable", "value", "name", "read"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PORT", "80", "port", 80),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("ANALYTICS_CORS_ORIGINS", "*", "cors_origins", ("*",)),
        (
            "ANALYTICS_CORS_ORIGINS",
            "https://a.example, http://b.example:8080",
            "cors_origins",
            ("https://a.example", "http://b.example:8080"),
        ),
        ("ANALYTICS_CORS_ORIGINS", "https://[::1]:8443", "cors_origins", ("https://[::1]:8443",)),
        ("ANALYTICS_FRAME_ANCESTORS", "", "frame_ancestors", ()),
        (
            "ANALYTICS_FRAME_ANCESTORS",
            "https://a.example, http://b:8080",
            "frame_ancestors",
            ("https://a.example", "http://b:8080"),
        ),
        ("ANALYTICS_BASE_PATH", "/stats", "base_path", "/stats"),
        ("ANALYTICS_BASE_PATH", "/ops/live-1.0_~", "base_path", "/ops/live-1.0_~"),
        ("ANALYTICS_BASE_PATH", "", "base_path", ""),
        ("ANALYTICS_TRUSTED_PROXIES", "", "trusted_proxies", ()),
        (
            "ANALYTICS_TRUSTED_PROXIES",
            "127.0.0.1, ::1,10.0.0.0/8",
            "trusted_proxies",
            ("127.0.0.1", "::1", "10.0.0.0/8"),
        ),
        ("ANALYTICS_BODY_TIMEOUT", "0.5", "body_timeout", 0.5),
        ("ANALYTICS_DEDUPE_SECONDS", "60", "dedupe_seconds", 60.0),
        ("ANALYTICS_MAX_BATCH", "5", "max_batch", 5),
    ],
)
def test_values_are_read_and_cast(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, read: object
) -> None:
    monkeypatch.setenv(variable, value)
    settings = Settings.from_env()
    assert getattr(settings, name) == read
    assert type(getattr(settings, name)) is type(read)
    assert dataclasses.replace(settings, **{name: getattr(Settings(), name)}) == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_an_environment_can_be_passed() -> None:
    assert Settings.from_env({"PORT": "80"}).port == 80


def test_reading_settings_imports_no_library() -> None:
    script = "import sys, analytics.config; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"flask", "gevent", "marshmallow", "msgspec", "numpy"} & set(done.stdout.split())


@dataclasses.dataclass(frozen=True)
class WithSecret:
    """Settings of which one is a secret."""

    key: str = SettingGroup("Access").setting(
        "ANALYTICS_KEY", "", checked("s3cret".startswith, "a key"), "key of a peer", is_secret=True
    )


def test_a_secret_is_never_shown() -> None:
    setting: Setting[str] = dataclasses.fields(WithSecret)[0].metadata["setting"]
    value = setting.read({"ANALYTICS_KEY": "s3cret"})
    assert (value, setting.show(value), setting.show("")) == ("s3cret", "***", "")
    assert "s3cret" not in repr(WithSecret(value))
    with pytest.raises(SettingError) as error:
        setting.read({"ANALYTICS_KEY": "s3cred"})
    assert error.value.message.startswith("ANALYTICS_KEY='***' is not allowed: key of a peer; ")


@pytest.mark.parametrize(
    ("variable", "closest"),
    [
        ("ANALYTICS_DATADIR", "ANALYTICS_DATA_DIR"),
        ("ANALYTICS_MAX_BODYS", "ANALYTICS_MAX_BODY"),
        ("ANALYTICS_PORT", "PORT"),
        ("ANALYTICS_LOG_LEVEL", "LOG_LEVEL"),
        ("ANALYTICS_URI", "ANALYTICS_URL"),
        ("ANALYTICS_COLOR", None),
        ("ANALYTICS_", None),
    ],
)
def test_an_unknown_variable_is_named_with_the_closest_known_one(variable: str, closest: str | None) -> None:
    assert unknown_variables({variable: "x", "PATH": "/bin"}) == {variable: closest}
    (line,) = unknown_variable_warnings({variable: "x"})
    assert line.startswith(f"{variable} is not a setting and has no effect: ")
    assert f"did you mean {closest}?" in line or (closest is None and "`analytics config`" in line)


def test_known_variables_and_those_of_kubernetes_are_not_reported() -> None:
    known = dict.fromkeys([*VARIABLES, "ANALYTICS_URL", "ANALYTICS_KEY", "ANALYTICS_IMAGE_DEFAULTS"], "x")
    kubernetes = {
        "ANALYTICS_SERVICE_HOST": "10.0.0.1",
        "ANALYTICS_SERVICE_PORT": "8099",
        "ANALYTICS_SERVICE_PORT_HTTP": "8099",
        "ANALYTICS_PORT": "tcp://10.0.0.1:8099",
        "ANALYTICS_PORT_8099_TCP": "tcp://10.0.0.1:8099",
        "ANALYTICS_PORT_8099_TCP_PROTO": "tcp",
        "ANALYTICS_PORT_8099_TCP_PORT": "8099",
        "ANALYTICS_PORT_8099_TCP_ADDR": "10.0.0.1",
        "ANALYTICS_WEB_SERVICE_HOST": "10.0.0.2",
    }
    assert unknown_variables({**known, **kubernetes}) == {}

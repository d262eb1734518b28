"""Settings: cast once, and a wrong value is one line that names variable, value and what is allowed."""

import dataclasses
import re

import pytest

from analytics.config import Settings
from analytics.errors import ConfigError
from tests.server import ROOT

FIELDS = {field.name: field.metadata for field in dataclasses.fields(Settings)}
VARIABLES = [metadata["variable"] for metadata in FIELDS.values()]
WHOLE = [name for name in FIELDS if isinstance(getattr(Settings(), name), int)]
BROKEN = [name for name in FIELDS if isinstance(getattr(Settings(), name), float)]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def message(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> str:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as error:
        Settings.from_env()
    return error.value.message


def test_without_any_variable_the_defaults_hold() -> None:
    assert Settings.from_env() == Settings()


def test_the_defaults_are_the_bounds_that_were_promised() -> None:
    settings = Settings()
    assert (settings.port, settings.log_level, settings.cors_origins) == (8099, "INFO", ("*",))
    assert (settings.max_body, settings.max_batch) == (10 * 1024 * 1024, 10_000)
    assert (settings.events_ring, settings.metrics_ring) == (10_000, 10_000)
    assert (settings.hourly_days, settings.daily_days) == (7, 90)
    assert (settings.dedupe_ids, settings.dedupe_seconds) == (100_000, 600)
    assert (settings.max_services, settings.max_series, settings.max_event_types) == (1_000, 10_000, 1_000)
    assert (settings.max_endpoints, settings.max_service_endpoints) == (20_000, 2_000)


def test_the_documentation_has_each_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|(?: `([^`]+)`)? \|", (ROOT / "docs" / "operations.md").read_text(), re.M)
    defaults = {name: getattr(Settings(), name) for name in FIELDS}
    shown = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in defaults.items()}
    known = {FIELDS[name]["variable"]: value for name, value in shown.items()}
    assert dict(rows) == known


def test_only_three_variables_are_plain() -> None:
    plain = {variable for variable in VARIABLES if not variable.startswith("ANALYTICS_")}
    assert plain == {"HOST", "PORT", "LOG_LEVEL"}
    assert len(set(VARIABLES)) == len(VARIABLES)
    assert all(metadata["about"] for metadata in FIELDS.values())


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", ["", "x", "1.5", "1e3", "0x10", "true", "None"])
def test_what_is_no_whole_number_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    check_line(message(monkeypatch, FIELDS[name]["variable"], value), name, value, "a whole number from")


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "-inf", "1,5"])
def test_what_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    check_line(message(monkeypatch, FIELDS[name]["variable"], value), name, value, "a number from")


@pytest.mark.parametrize("name", WHOLE + BROKEN)
def test_bounds_belong_to_what_is_allowed_and_what_lies_beyond_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variable, low, high = (FIELDS[name][key] for key in ("variable", "low", "high"))
    for value in (low, high):
        monkeypatch.setenv(variable, str(value))
        assert getattr(Settings.from_env(), name) == value
    for value in (low - 1, high + 1, -(10**12), 10**30):
        check_line(message(monkeypatch, variable, str(value)), name, str(value), f"from {low} to {high}")


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
def test_what_is_no_list_of_origins_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(message(monkeypatch, "ANALYTICS_CORS_ORIGINS", value), "cors_origins", value, "a comma-separated list")


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
def test_what_is_no_base_path_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(message(monkeypatch, "ANALYTICS_BASE_PATH", value), "base_path", value, "a path such as /stats")


@pytest.mark.parametrize("value", [",", "localhost", "127.0.0.1:80", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1,", "*"])
def test_what_is_no_list_of_proxies_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    line = message(monkeypatch, "ANALYTICS_TRUSTED_PROXIES", value)
    check_line(line, "trusted_proxies", value, "a comma-separated list of addresses and networks")


@pytest.mark.parametrize("value", ["", "127.0.0.1:5", "::1:", "two words", "-a", "http://a"])
def test_what_is_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    check_line(message(monkeypatch, "HOST", value), "host", value, "without a port")


@pytest.mark.parametrize("value", ["127.0.0.1", "::1", "::", "localhost", "a-1.example", "0.0.0.0"])
def test_addresses_and_names_are_hosts(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOST", value)
    assert Settings.from_env().host == value


def check_line(line: str, name: str, value: str, allowed: str) -> None:
    assert "\n" not in line
    assert line.startswith(f"{FIELDS[name]['variable']}={value!r} is not allowed: ")
    assert allowed in line
    assert FIELDS[name]["about"] in line
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

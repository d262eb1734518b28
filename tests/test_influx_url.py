"""Addresses of InfluxDB and VictoriaMetrics, as a setting."""

import pytest

from analytics.config import Settings
from analytics.errors import SettingError
from analytics.influx_url import InfluxUrl, parse_influx_url, without_secrets

HOST = "http://db.example:8086"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{HOST}?db=a", InfluxUrl(1, HOST, {"db": "a"})),
        (f"{HOST}/?db=a%20b", InfluxUrl(1, HOST, {"db": "a b"})),
        (HOST, InfluxUrl(1, HOST, {})),
        (
            "https://db.example/path/?org=o&bucket=b",
            InfluxUrl(2, "https://db.example/path", {"org": "o", "bucket": "b"}),
        ),
        (f"{HOST}?database=d", InfluxUrl(3, HOST, {"database": "d"})),
        ("http://[::1]:8181?database=d", InfluxUrl(3, "http://[::1]:8181", {"database": "d"})),
    ],
)
def test_the_parameters_say_the_version(text: str, wanted: InfluxUrl) -> None:
    assert parse_influx_url(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "db.example:8086",
        "ftp://db.example?db=a",
        "http://?db=a",
        f"{HOST}?db=",
        f"{HOST}?bucket=b",
        f"{HOST}?db=a&database=b",
        f"{HOST}?db=a&db=b",
        f"{HOST}?db=a#x",
        "http://db.example:99999?db=a",
        "http://db.example:x?db=a",
        "http://user:pass@db.example?db=a",
        f"{HOST}?db=a&token=s3cret",
        f"{HOST}?db=a b",
    ],
)
def test_anything_else_prevents_the_start_with_a_line_that_names_it(text: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"ANALYTICS_INFLUX_URL": text})
    message = error.value.message
    assert message.startswith(f"ANALYTICS_INFLUX_URL={without_secrets(text)!r} is not allowed")
    assert "s3cret" not in message
    assert "pass@" not in message


def test_the_token_is_never_shown() -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"ANALYTICS_INFLUX_TOKEN": "s3cret "})
    assert "s3cret" not in error.value.message
    assert "s3cret" not in repr(Settings.from_env({"ANALYTICS_INFLUX_TOKEN": "s3cret"}))

"""Contradictory settings about people: the start fails with one line that says what to set."""

import subprocess
import sys
from dataclasses import replace

import pytest

from analytics.config import Settings
from analytics.errors import SettingError
from analytics.factory import create_app
from tests.server import ROOT

PROVIDER = Settings(data_dir="", oidc_issuer="https://login.shop.example", oidc_client_id="analytics", admins=("ops",))
PROXY = Settings(
    data_dir="", proxy_user_header="X-Forwarded-User", trusted_proxies=("127.0.0.1",), viewers=("@shop.example",)
)


@pytest.mark.parametrize("settings", [PROVIDER, PROXY])
def test_people_can_sign_in_and_the_service_is_locked(settings: Settings) -> None:
    client = create_app(settings).test_client()
    assert client.get("/session").json["keys_required"] is True
    assert client.get("/stats").status_code == 401
    assert create_app(Settings(data_dir="")).test_client().get("/stats").status_code == 200


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (replace(PROVIDER, oidc_client_id=""), "ANALYTICS_OIDC_CLIENT_ID is not"),
        (replace(PROVIDER, admins=()), "set ANALYTICS_ADMINS, ANALYTICS_EDITORS or ANALYTICS_VIEWERS"),
        (replace(PROXY, viewers=()), "set ANALYTICS_ADMINS, ANALYTICS_EDITORS or ANALYTICS_VIEWERS"),
        (replace(PROXY, trusted_proxies=()), "ANALYTICS_TRUSTED_PROXIES is not"),
    ],
)
def test_contradictory_settings_prevent_the_start(settings: Settings, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        create_app(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANALYTICS_OIDC_ISSUER", "login.shop.example"),
        ("ANALYTICS_OIDC_ISSUER", "http://login.shop.example"),
        ("ANALYTICS_OIDC_ISSUER", "https://login.shop.example/?realm=shop"),
        ("ANALYTICS_OIDC_ISSUER", "https://user@login.shop.example"),
        ("ANALYTICS_OIDC_CLIENT_ID", " analytics"),
        ("ANALYTICS_PROXY_USER_HEADER", "X Forwarded User"),
        ("ANALYTICS_PROXY_USER_HEADER", "X_Forwarded_User"),
        ("ANALYTICS_ADMINS", "ops,,staff"),
        ("ANALYTICS_ADMINS", "@"),
    ],
)
def test_an_invalid_value_is_refused(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=variable):
        Settings.from_env({variable: value})


@pytest.mark.parametrize(
    "issuer",
    ["https://login.shop.example/realms/shop", "http://127.0.0.1:9000", "http://localhost/dex", "http://[::1]:1"],
)
def test_issuers_are_secure_or_on_this_machine(issuer: str) -> None:
    assert Settings.from_env({"ANALYTICS_OIDC_ISSUER": issuer}).oidc_issuer == issuer


def test_without_authlib_the_service_runs_and_says_how_to_install_it_if_needed() -> None:
    script = """
import sys
sys.modules['authlib'] = None
from analytics.config import Settings
from analytics.errors import SettingError
from analytics.factory import create_app
create_app(Settings(data_dir=''))
try:
    create_app(Settings(data_dir='', oidc_issuer='https://a.example', oidc_client_id='x', admins=('ops',)))
except SettingError as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "pip install 'analytics-dashboard[oidc]'" in done.stdout

"""Settings of the service, read from the environment once; a wrong value is an error that names it."""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.converters import (
    ADMIN_KEY,
    GROUPS,
    HASH_KEY,
    HEADER,
    INFLUX_TOKEN,
    INFLUX_URL,
    ISSUER,
    NETWORKS,
    ORIGINS,
    PATH,
    SOME_ORIGINS,
    TEXT,
    choice,
    number,
)
from analytics.request_settings import MEBIBYTE
from analytics.setting import Setting, SettingGroup
from analytics.store_settings import STORAGE, StoreSettings

VARIABLE_PREFIX = "ANALYTICS_"
LOG_LEVELS = choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
AUTHENTICATION = choice("auto", "required")
DURABILITIES = choice("fsync", "process", "relaxed")
IMAGE_DEFAULTS = "ANALYTICS_IMAGE_DEFAULTS"
"""Set by the Dockerfile: `VARIABLE=value` for each default of the container image, separated by commas."""
OTHER_VARIABLES = ("ANALYTICS_URL", "ANALYTICS_KEY", IMAGE_DEFAULTS)
"""Known variables that are not settings of the service; the commands that are clients read the first two."""
_KUBERNETES = re.compile(
    r"\w+_SERVICE_(HOST|PORT)(_\w+)?=.*|\w+_PORT(_\d+\w*)?=(tcp|udp|sctp)://.*|\w+_PORT_\d+_\w+=.*"
)
"""Variables that Kubernetes sets for a Service named `analytics…`, with their values."""


ACCESS = SettingGroup("Access")
RETENTION = SettingGroup("Retention")
NAMES = SettingGroup("Limits of names")
LIVE = SettingGroup("Live clients")
LOGGING = SettingGroup("Logging")


@dataclass(frozen=True)
class Settings(StoreSettings):
    """Every setting with its default. `analytics config` prints them, and a table in the documentation lists them."""

    data_dir: str = STORAGE.setting(
        "ANALYTICS_DATA_DIR", "data", PATH, "directory of the database; empty keeps everything in memory"
    )
    config_dir: str = STORAGE.setting(
        "ANALYTICS_CONFIG_DIR", "", PATH, "folder of YAML and JSON files with configuration; empty: none"
    )
    durability: str = STORAGE.setting(
        "ANALYTICS_DURABILITY",
        "process",
        DURABILITIES,
        "when a record is acknowledged: flushed to the disk (fsync), written to it (process), or at once (relaxed)",
    )
    log_max_bytes: int = STORAGE.setting(
        "ANALYTICS_LOG_MAX_BYTES",
        1024 * MEBIBYTE,
        number(int, MEBIBYTE, 1024**4),
        "bytes of the log that are kept for consumers that have not read them",
    )

    hash_key: str = STORAGE.setting(
        "ANALYTICS_HASH_KEY",
        "",
        HASH_KEY,
        "key for the hashes of redacted values; empty: a random one, in hash.key in the data directory",
        is_secret=True,
    )

    influx_url: str = STORAGE.setting(
        "ANALYTICS_INFLUX_URL",
        "",
        INFLUX_URL,
        "InfluxDB or VictoriaMetrics that gets the figures of every minute, hour and day; empty: none",
    )
    influx_token: str = STORAGE.setting(
        "ANALYTICS_INFLUX_TOKEN", "", INFLUX_TOKEN, "its token, or user:password; empty for none", is_secret=True
    )

    auth: str = ACCESS.setting(
        "ANALYTICS_AUTH",
        "auto",
        AUTHENTICATION,
        "whether requests need a key: always (required), or as soon as there is an admin key (auto)",
    )
    admin_key: str = ACCESS.setting(
        "ANALYTICS_ADMIN_KEY", "", ADMIN_KEY, "a key that may do everything; empty for none", is_secret=True
    )
    read_rate: float = ACCESS.setting(
        "ANALYTICS_READ_RATE",
        100.0,
        number(float, 0, 1e9),
        "requests a second that each key may read, twice as many at once; 0 for any number",
    )
    address_read_rate: float = ACCESS.setting(
        "ANALYTICS_ADDRESS_READ_RATE",
        100.0,
        number(float, 0, 1e9),
        "requests a second that each address of another machine may read without a key; 0 for any number",
    )
    address_ingest_rate: float = ACCESS.setting(
        "ANALYTICS_ADDRESS_INGEST_RATE",
        0.0,
        number(float, 0, 1e9),
        "items a second that each address of another machine may send without a key; 0 for any number",
    )
    cors_origins: tuple[str, ...] = ACCESS.setting(
        "ANALYTICS_CORS_ORIGINS", ("*",), ORIGINS, "origins whose pages may call the service, separated by commas"
    )
    frame_ancestors: tuple[str, ...] = ACCESS.setting(
        "ANALYTICS_FRAME_ANCESTORS",
        (),
        SOME_ORIGINS,
        "origins whose pages may embed the dashboard in a frame, separated by commas; empty: none",
    )
    trusted_proxies: tuple[str, ...] = ACCESS.setting(
        "ANALYTICS_TRUSTED_PROXIES",
        (),
        NETWORKS,
        "proxies whose X-Forwarded-* headers are trusted, separated by commas",
    )

    admins: tuple[str, ...] = ACCESS.setting(
        "ANALYTICS_ADMINS", (), GROUPS, "groups and mail domains of people who may do everything"
    )
    editors: tuple[str, ...] = ACCESS.setting(
        "ANALYTICS_EDITORS", (), GROUPS, "groups and mail domains of people who may read and send"
    )
    viewers: tuple[str, ...] = ACCESS.setting(
        "ANALYTICS_VIEWERS", (), GROUPS, "groups and mail domains of people who may read"
    )
    oidc_issuer: str = ACCESS.setting(
        "ANALYTICS_OIDC_ISSUER", "", ISSUER, "OpenID Connect provider that people sign in with; empty for none"
    )
    oidc_client_id: str = ACCESS.setting("ANALYTICS_OIDC_CLIENT_ID", "", TEXT, "id of this service at the provider")
    oidc_client_secret: str = ACCESS.setting(
        "ANALYTICS_OIDC_CLIENT_SECRET", "", TEXT, "secret of this service at the provider", is_secret=True
    )
    oidc_groups_claim: str = ACCESS.setting(
        "ANALYTICS_OIDC_GROUPS_CLAIM", "groups", TEXT, "claim with the groups of a person"
    )
    proxy_user_header: str = ACCESS.setting(
        "ANALYTICS_PROXY_USER_HEADER", "", HEADER, "header in which a trusted proxy names the person; empty for none"
    )
    proxy_groups_header: str = ACCESS.setting(
        "ANALYTICS_PROXY_GROUPS_HEADER", "", HEADER, "header in which it names their groups; empty for none"
    )

    events_ring: int = RETENTION.setting(
        "ANALYTICS_EVENTS_RING", 10_000, number(int, 1, 10_000_000), "number of newest events kept"
    )
    metrics_ring: int = RETENTION.setting(
        "ANALYTICS_METRICS_RING", 10_000, number(int, 1, 10_000_000), "number of newest metrics kept"
    )
    hourly_days: int = RETENTION.setting(
        "ANALYTICS_HOURLY_DAYS", 7, number(int, 1, 90), "days for which hourly statistics are kept"
    )
    daily_days: int = RETENTION.setting(
        "ANALYTICS_DAILY_DAYS", 90, number(int, 1, 3650), "days for which daily statistics are kept"
    )
    dedupe_ids: int = RETENTION.setting(
        "ANALYTICS_DEDUPE_IDS", 100_000, number(int, 1, 10_000_000), "number of ids that are always remembered"
    )
    dedupe_seconds: float = RETENTION.setting(
        "ANALYTICS_DEDUPE_SECONDS", 600.0, number(float, 0, 86_400), "seconds for which further ids are remembered"
    )

    max_services: int = NAMES.setting(
        "ANALYTICS_MAX_SERVICES", 1_000, number(int, 1, 100_000), "maximum number of services"
    )
    max_series: int = NAMES.setting(
        "ANALYTICS_MAX_SERIES",
        10_000,
        number(int, 1, 1_000_000),
        "maximum number of series of custom and tagged metrics",
    )
    max_series_per_name: int = NAMES.setting(
        "ANALYTICS_MAX_SERIES_PER_NAME",
        1_000_000,
        number(int, 1, 1_000_000),
        "maximum number of series of one custom metric",
    )
    max_event_types: int = NAMES.setting(
        "ANALYTICS_MAX_EVENT_TYPES",
        1_000,
        number(int, 1, 100_000),
        "maximum number of event types that are counted by name",
    )
    max_endpoints: int = NAMES.setting(
        "ANALYTICS_MAX_ENDPOINTS", 20_000, number(int, 1, 1_000_000), "maximum number of endpoints over all services"
    )
    max_service_endpoints: int = NAMES.setting(
        "ANALYTICS_MAX_SERVICE_ENDPOINTS",
        2_000,
        number(int, 1, 1_000_000),
        "maximum number of endpoints of one service",
    )

    client_timeout: float = LIVE.setting(
        "ANALYTICS_CLIENT_TIMEOUT",
        10.0,
        number(float, 0.1, 3600),
        "seconds without progress after which a slow live client is disconnected",
    )

    max_live: int = LIVE.setting(
        "ANALYTICS_MAX_LIVE", 20_000, number(int, 1, 1_000_000), "maximum number of live clients"
    )
    max_live_per_address: int = LIVE.setting(
        "ANALYTICS_MAX_LIVE_PER_ADDRESS",
        1_000,
        number(int, 1, 1_000_000),
        "maximum number of live clients from each address of another machine",
    )

    log_level: str = LOGGING.setting("LOG_LEVEL", "INFO", LOG_LEVELS, "least severe level that is logged")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read all settings from the environment.

        Raises:
            SettingError: one line that names the first wrong variable, its value and what is allowed.
        """
        return cls(**{name: setting.read(environ) for name, setting in SETTINGS.items()})


SETTINGS: Mapping[str, Setting[Any]] = {field.name: field.metadata["setting"] for field in dataclasses.fields(Settings)}
"""The settings by the names of their fields, those of a group one after another."""


def unknown_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """Variables that look like settings but are none, mostly typing errors, each with the closest known variable.

    Example: `{"ANALYTICS_DATADIR": "ANALYTICS_DATA_DIR", "ANALYTICS_COLOR": None}`
    """
    known = {setting.variable.removeprefix(VARIABLE_PREFIX): setting.variable for setting in SETTINGS.values()}
    known |= {variable.removeprefix(VARIABLE_PREFIX): variable for variable in OTHER_VARIABLES}
    unknown: dict[str, str | None] = {}
    for variable, value in sorted(environ.items()):
        name = variable.removeprefix(VARIABLE_PREFIX)
        if name != variable and known.get(name) != variable and not _KUBERNETES.fullmatch(f"{variable}={value}"):
            from difflib import get_close_matches  # here, as few misspell a variable

            close = get_close_matches(name, known, n=1)
            unknown[variable] = known[close[0]] if close else None
    return unknown


def unknown_variable_warnings(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A line for each unknown variable."""
    for variable, closest in unknown_variables(environ).items():
        hint = f"did you mean {closest}?" if closest else "`analytics config` lists all settings."
        yield f"{variable} is not a setting and has no effect: {hint}"

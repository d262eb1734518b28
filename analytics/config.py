"""Settings, read from the environment once and cast once; a wrong value is an error that names it."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from environs import Env, EnvError
from marshmallow import ValidationError, validate

from analytics.addresses import is_base_path, parse_origin
from analytics.errors import ConfigError

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DURABILITIES = ("fsync", "process", "relaxed")
"""Acknowledge what the disk has, what the operating system has, or at once."""
MIB = 1024 * 1024
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def _setting(variable: str, default: Any, about: str, low: float | None = None, high: float | None = None) -> Any:
    metadata = {"variable": variable, "about": about, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; docs/operations.md has the table for users."""

    host: str = _setting("HOST", "127.0.0.1", "address to listen on")
    port: int = _setting("PORT", 8099, "port to listen on", 1, 65_535)
    log_level: str = _setting("LOG_LEVEL", "INFO", "least severe level that is logged")
    data_dir: str = _setting("ANALYTICS_DATA_DIR", "data", "directory that keeps what was recorded; empty: memory only")
    durability: str = _setting("ANALYTICS_DURABILITY", "process", "what an acknowledged record survives")
    log_max_bytes: int = _setting(
        "ANALYTICS_LOG_MAX_BYTES", 1024 * MIB, "bytes of the log kept for consumers that are behind", MIB, 1024**4
    )
    cors_origins: tuple[str, ...] = _setting(
        "ANALYTICS_CORS_ORIGINS", ("*",), "origins whose pages may call the service, separated by commas"
    )
    base_path: str = _setting("ANALYTICS_BASE_PATH", "", "path below which the service is reached through a proxy")
    trusted_proxies: tuple[str, ...] = _setting(
        "ANALYTICS_TRUSTED_PROXIES", (), "proxies whose X-Forwarded-* headers are believed, separated by commas"
    )
    max_body: int = _setting(
        "ANALYTICS_MAX_BODY", 10 * MIB, "largest body in bytes, after decompression", 1024, 1024 * MIB
    )
    max_batch: int = _setting("ANALYTICS_MAX_BATCH", 10_000, "most items in one batch", 1, 1_000_000)
    body_timeout: float = _setting("ANALYTICS_BODY_TIMEOUT", 30.0, "seconds in which a body must arrive", 0.1, 3600)
    events_ring: int = _setting("ANALYTICS_EVENTS_RING", 10_000, "newest events kept", 1, 10_000_000)
    metrics_ring: int = _setting("ANALYTICS_METRICS_RING", 10_000, "newest metrics kept", 1, 10_000_000)
    hourly_days: int = _setting("ANALYTICS_HOURLY_DAYS", 7, "days of hourly statistics", 1, 90)
    daily_days: int = _setting("ANALYTICS_DAILY_DAYS", 90, "days of daily statistics", 1, 3650)
    dedupe_ids: int = _setting("ANALYTICS_DEDUPE_IDS", 100_000, "ids always remembered", 1, 10_000_000)
    dedupe_seconds: float = _setting(
        "ANALYTICS_DEDUPE_SECONDS", 600.0, "seconds an id is remembered beyond those", 0, 86_400
    )
    max_services: int = _setting("ANALYTICS_MAX_SERVICES", 1_000, "most services", 1, 100_000)
    max_series: int = _setting("ANALYTICS_MAX_SERIES", 10_000, "most series of custom and tagged metrics", 1, 1_000_000)
    max_event_types: int = _setting("ANALYTICS_MAX_EVENT_TYPES", 1_000, "most event types counted by name", 1, 100_000)
    max_endpoints: int = _setting("ANALYTICS_MAX_ENDPOINTS", 20_000, "most endpoints over all services", 1, 1_000_000)
    max_service_endpoints: int = _setting(
        "ANALYTICS_MAX_SERVICE_ENDPOINTS", 2_000, "most endpoints of one service", 1, 1_000_000
    )
    worker_connections: int = _setting(
        "ANALYTICS_WORKER_CONNECTIONS", 10_000, "most open connections, WebSockets included", 1, 1_000_000
    )

    client_timeout: float = _setting(
        "ANALYTICS_CLIENT_TIMEOUT", 10.0, "seconds in which a live client must take something", 0.1, 3600
    )

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the environment.

        Raises:
            ConfigError: one line that names the variable, the value and what is allowed.
        """
        env = Env()
        return cls(**{field.name: _read(env, field) for field in dataclasses.fields(cls)})


def _read(env: Env, field: "dataclasses.Field[Any]") -> Any:
    variable, low, high = (field.metadata[key] for key in ("variable", "low", "high"))
    default: Any = field.default
    try:
        if field.type is int:
            return env.int(variable, default, validate=validate.Range(low, high))
        if field.type is float:
            return env.float(variable, default, validate=validate.Range(low, high))
        if field.type == tuple[str, ...]:
            listed = tuple(part.strip() for part in env.list(variable, list(default)))
            return _checked_origins(listed) if field.name == "cors_origins" else _checked_proxies(listed)
        if field.name == "log_level":
            return validate.OneOf(LOG_LEVELS)(str(env.str(variable, default)).upper())
        if field.name == "durability":
            return validate.OneOf(DURABILITIES)(str(env.str(variable, default)).lower())
        return env.str(variable, default, validate=CHECKS[field.name])
    except (EnvError, ValidationError):
        raise ConfigError(
            f"{variable}={env.str(variable)!r} is not allowed: {field.metadata['about']}; "
            f"{_allowed(field)} (default {_shown(field.default)})"
        ) from None


def _check_host(host: str) -> None:
    if not HOST_NAME.fullmatch(host):
        try:
            ip_address(host)
        except ValueError:
            raise ValidationError("neither an address nor a name") from None


def _check_path(path: str) -> None:
    if "\0" in path or path != path.strip():
        raise ValidationError("no path")


def _check_base_path(path: str) -> None:
    if path and not is_base_path(path):
        raise ValidationError("no base path")


CHECKS: Mapping[str, Callable[[str], None]] = {
    "host": _check_host,
    "data_dir": _check_path,
    "base_path": _check_base_path,
}
"""What raises ValidationError where a text is not allowed, by the field's name."""


def _checked_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    if origins == ("*",) or (origins and all(map(parse_origin, origins))):
        return origins
    raise ValidationError("not a list of origins")


def _checked_proxies(networks: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for network in networks:
            ip_network(network)
    except ValueError:
        raise ValidationError("not a list of addresses and networks") from None
    return networks


def _allowed(field: "dataclasses.Field[Any]") -> str:
    if field.name == "log_level":
        return "one of " + ", ".join(LOG_LEVELS)
    if field.name == "durability":
        return "one of " + ", ".join(DURABILITIES)
    if field.name == "data_dir":
        return "a path, without blanks around it"
    if field.name == "cors_origins":
        return "* or a comma-separated list such as https://shop.example,https://admin.example"
    if field.name == "base_path":
        return "empty, or a path such as /stats or /ops/live: letters, digits and -._~, without a slash at its end"
    if field.name == "trusted_proxies":
        return "empty, or a comma-separated list of addresses and networks such as 127.0.0.1,10.0.0.0/8"
    if field.type is str:
        return "an IP address or a host name, without a port"
    kind = "a whole number" if field.type is int else "a number"
    return f"{kind} from {field.metadata['low']} to {field.metadata['high']}"


def _shown(default: Any) -> str:
    return (",".join(default) if isinstance(default, tuple) else str(default)) or "empty"

"""Settings of what the service listens on."""

from dataclasses import dataclass

from analytics.converters import BASE_PATH, HOST, NETWORKS, number
from analytics.setting import SettingGroup

LISTENING = SettingGroup("Listening")
OTLP_PORT = 4318
"""The port to which OpenTelemetry's SDKs send by default."""


@dataclass(frozen=True)
class ListeningSettings:
    """The first part of `Settings`."""

    host: str = LISTENING.setting("HOST", "127.0.0.1", HOST, "address to listen on")
    port: int = LISTENING.setting("PORT", 8099, number(int, 1, 65_535), "port to listen on")
    base_path: str = LISTENING.setting(
        "ANALYTICS_BASE_PATH", "", BASE_PATH, "path below which the service is reached through a proxy"
    )
    worker_connections: int = LISTENING.setting(
        "ANALYTICS_WORKER_CONNECTIONS",
        10_000,
        number(int, 1, 1_000_000),
        "maximum number of open connections, WebSockets included",
    )
    otlp_port: int = LISTENING.setting(
        "ANALYTICS_OTLP_PORT",
        OTLP_PORT,
        number(int, 0, 65_535),
        "port to listen on in addition for OpenTelemetry, if it is free; 0 for none",
    )
    statsd_port: int = LISTENING.setting(
        "ANALYTICS_STATSD_PORT", 0, number(int, 0, 65_535), "UDP port to listen on for StatsD; 0 for none"
    )
    statsd_allowed: tuple[str, ...] = LISTENING.setting(
        "ANALYTICS_STATSD_ALLOWED",
        (),
        NETWORKS,
        "addresses and networks that may send StatsD besides this machine, separated by commas",
    )

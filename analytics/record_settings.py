"""Settings of logs and traces."""

from dataclasses import dataclass

from analytics.converters import NETWORKS, number
from analytics.listening_settings import ListeningSettings
from analytics.setting import SettingGroup

LOGS_AND_TRACES = SettingGroup("Logs and traces")


@dataclass(frozen=True)
class RecordSettings(ListeningSettings):
    """How many log lines and spans are taken in and kept, how long, and the port for syslog."""

    logs_ring: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_LOGS_RING", 50_000, number(int, 1, 10_000_000), "number of newest log lines kept in memory"
    )
    spans_ring: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_SPANS_RING", 50_000, number(int, 1, 10_000_000), "number of newest spans kept in memory"
    )
    logs_days: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_LOGS_DAYS", 30, number(int, 1, 36_500), "days for which log lines are kept in files"
    )
    spans_days: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_SPANS_DAYS", 14, number(int, 1, 36_500), "days for which spans are kept in files"
    )
    logs_rate: float = LOGS_AND_TRACES.setting(
        "ANALYTICS_LOGS_RATE",
        10_000.0,
        number(float, 0, 1e9),
        "log lines a second that are taken of each service, with bursts of ten seconds; 0 for no limit",
    )
    spans_rate: float = LOGS_AND_TRACES.setting(
        "ANALYTICS_SPANS_RATE",
        10_000.0,
        number(float, 0, 1e9),
        "spans a second that are taken of each service, with bursts of ten seconds; 0 for no limit",
    )
    trace_sample: float = LOGS_AND_TRACES.setting(
        "ANALYTICS_TRACE_SAMPLE",
        1.0,
        number(float, 0, 1),
        "share of traces that are kept; spans of the others are only counted",
    )
    syslog_port: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_SYSLOG_PORT", 0, number(int, 0, 65_535), "port to listen on for syslog, UDP and TCP; 0 for none"
    )
    syslog_allowed: tuple[str, ...] = LOGS_AND_TRACES.setting(
        "ANALYTICS_SYSLOG_ALLOWED",
        (),
        NETWORKS,
        "addresses and networks that may send syslog besides this machine, separated by commas",
    )

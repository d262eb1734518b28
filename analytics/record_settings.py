"""Settings of logs and traces."""

from dataclasses import dataclass

from analytics.converters import number
from analytics.listening_settings import ListeningSettings
from analytics.setting import SettingGroup

LOGS_AND_TRACES = SettingGroup("Logs and traces")


@dataclass(frozen=True)
class RecordSettings(ListeningSettings):
    """How many log lines and spans are kept in memory."""

    logs_ring: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_LOGS_RING", 50_000, number(int, 1, 10_000_000), "number of newest log lines kept in memory"
    )
    spans_ring: int = LOGS_AND_TRACES.setting(
        "ANALYTICS_SPANS_RING", 50_000, number(int, 1, 10_000_000), "number of newest spans kept in memory"
    )

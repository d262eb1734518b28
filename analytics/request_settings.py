"""Settings that limit requests."""

from dataclasses import dataclass

from analytics.converters import number
from analytics.record_settings import RecordSettings
from analytics.setting import SettingGroup

REQUESTS = SettingGroup("Limits of requests")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class RequestSettings(RecordSettings):
    """Sizes, times and numbers beyond which requests are refused."""

    max_body: int = REQUESTS.setting(
        "ANALYTICS_MAX_BODY",
        10 * MEBIBYTE,
        number(int, 1024, 1024 * MEBIBYTE),
        "maximum size of a body in bytes, after decompression",
    )
    max_batch: int = REQUESTS.setting(
        "ANALYTICS_MAX_BATCH", 10_000, number(int, 1, 1_000_000), "maximum number of items in one batch"
    )
    header_timeout: float = REQUESTS.setting(
        "ANALYTICS_HEADER_TIMEOUT",
        5.0,
        number(float, 0.1, 3600),
        "seconds in which the headers of a request must arrive",
    )
    body_timeout: float = REQUESTS.setting(
        "ANALYTICS_BODY_TIMEOUT",
        10.0,
        number(float, 0.1, 3600),
        "seconds in which as many KiB of a body must arrive, that is 1 KiB a second",
    )
    send_timeout: float = REQUESTS.setting(
        "ANALYTICS_SEND_TIMEOUT",
        60.0,
        number(float, 0.1, 3600),
        "seconds in which a client must receive as many KiB of an answer, that is 1 KiB a second",
    )
    query_max_samples: int = REQUESTS.setting(
        "ANALYTICS_QUERY_MAX_SAMPLES",
        20_000_000,
        number(int, 1, 10**12),
        "values that a PromQL query may read and compute, over all steps",
    )
    query_timeout: float = REQUESTS.setting(
        "ANALYTICS_QUERY_TIMEOUT", 60.0, number(float, 0.1, 3600), "seconds that a PromQL or LogQL query may take"
    )
    max_exports: int = REQUESTS.setting(
        "ANALYTICS_MAX_EXPORTS", 100, number(int, 1, 10_000), "maximum number of exports at the same time"
    )

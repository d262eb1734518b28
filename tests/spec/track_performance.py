"""The Python integration of the contract: a decorator that sends each call's time as a metric."""

import functools
import os
import time
from collections.abc import Callable
from typing import Any

import requests


def track_request_metric(endpoint: str, latency_ms: float) -> None:
    answer = requests.post(
        f"{os.environ['BASE_URL']}/metrics",
        json={
            "name": "latency",
            "value": latency_ms,
            "unit": "ms",
            "tags": {"service": os.environ["SERVICE"], "endpoint": endpoint},
        },
        timeout=10,
    )
    answer.raise_for_status()


def track_performance(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        start = time.time()
        result = func(*args, **kwargs)
        track_request_metric(func.__name__, (time.time() - start) * 1000)
        return result

    return wrapper


@track_performance
def search_products(query: str) -> list[str]:
    time.sleep(0.01)
    return [query]


for word in ("mug", "loafers", "watch"):
    search_products(word)

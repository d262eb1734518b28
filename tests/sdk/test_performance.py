"""The decorator: recorded metrics, and unchanged behaviour of functions."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from analytics.sdk import AnalyticsClient
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import Unruly


def recorded(client: AnalyticsClient, service: Unruly) -> list[tuple[str, str | None, dict[str, str]]]:
    assert client.flush(10)
    return [(item["name"], item.get("unit"), item["tags"]) for item in service.items.values()]


def test_each_call_records_its_latency(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    @client.track_performance
    def search_products(query: str, *, limit: int = 3) -> list[str]:
        """Find."""
        return [query] * limit

    assert search_products("mug", limit=2) == ["mug", "mug"]
    assert (search_products.__name__, search_products.__doc__) == ("search_products", "Find.")
    tags = {"service": "shop", "endpoint": "search_products"}
    assert recorded(client, service) == [("latency", "ms", tags)]
    (item,) = service.items.values()
    assert 0 <= item["value"] < 1000


def test_name_and_tags_can_be_set(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    @client.track_performance(name="search", tags={"shard": 3})
    def search_products() -> None: ...

    search_products()
    assert recorded(client, service) == [("latency", "ms", {"service": "shop", "endpoint": "search", "shard": "3"})]


def test_an_exception_passes_through_and_is_an_error(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    @client.track_performance
    def fails() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        fails()
    tags = {"service": "shop", "endpoint": "fails"}
    assert recorded(client, service) == [("errors", None, tags), ("latency", "ms", tags)]
    assert next(iter(service.items.values()))["value"] == 1


def test_an_exception_that_ends_the_program_is_not_an_error(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    @client.track_performance
    def ends() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        ends()
    assert [name for name, _, _ in recorded(client, service)] == ["latency"]


def test_coroutines_are_measured_until_they_end(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    @client.track_performance
    async def waits(fail: bool) -> int:
        await asyncio.sleep(0.02)
        if fail:
            raise LookupError
        return 7

    assert inspect.iscoroutinefunction(waits)
    with ThreadPoolExecutor(1) as thread:  # tests in a browser leave an event loop running in this thread
        assert thread.submit(asyncio.run, waits(False)).result() == 7
        with pytest.raises(LookupError):
            thread.submit(asyncio.run, waits(True)).result()
    assert [name for name, _, _ in recorded(client, service)] == ["latency", "errors", "latency"]
    assert all(item["value"] >= 20 for item in service.items.values() if item["name"] == "latency")


def test_methods_can_be_decorated(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    class Shop:
        name = "the shop"

        @client.track_performance
        def greet(self) -> str:
            return self.name

    assert Shop().greet() == "the shop"
    assert [tags["endpoint"] for _, _, tags in recorded(client, service)] == ["greet"]


def test_generators_are_not_wrapped(make_client: MakeClient) -> None:
    client = make_client()

    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    generators: list[Any] = [numbers, later]
    assert [client.track_performance(each) for each in generators] == generators

"""Data of the demo's traces: the databases of its services, how services fail, and their versions."""

from typing import NamedTuple


class DataCall(NamedTuple):
    """A call of a service to its database; `share` is its part of the time that the service takes itself."""

    system: str
    operation: str
    collection: str
    text: str
    share: float


class ShopFailure(NamedTuple):
    """An exception of a service; numbers in its message differ each time: `{ms}` and `{id}`."""

    type: str
    message: str
    frames: tuple[str, ...]

    def stack(self, message: str) -> str:
        """The stack trace, as Python writes it."""
        return "\n".join(["Traceback (most recent call last):", *self.frames, f"{self.type}: {message}"])


#: The services that other services of a page call: the calls after theirs are made by them.
CALLERS = {"checkout": "checkout"}
#: What a checkout also asks the catalog for each order: service, method, path and median in milliseconds.
PRICE_CHECK = ("productcatalog", "GET", "/products/{id}", 11.0)

QUERIES: dict[str, tuple[DataCall, ...]] = {
    "productcatalog": (
        DataCall("postgresql", "SELECT", "products", "SELECT * FROM products WHERE id = $1", 0.55),
        DataCall("redis", "SET", "product", "SET product:? ? EX 60", 0.15),
    ),
    "cart": (DataCall("redis", "HGETALL", "cart", "HGETALL cart:?", 0.6),),
    "checkout": (
        DataCall("postgresql", "INSERT", "orders", "INSERT INTO orders (id, user_id, total) VALUES ($1, $2, $3)", 0.4),
        DataCall(
            "postgresql", "UPDATE", "stock", "UPDATE stock SET quantity = quantity - $1 WHERE product_id = $2", 0.2
        ),
    ),
    "payment": (
        DataCall("postgresql", "INSERT", "charges", "INSERT INTO charges (order_id, amount) VALUES ($1, $2)", 0.08),
    ),
    "search": (DataCall("opensearch", "search", "products", '{"query":{"match":{"name":"?"}}}', 0.8),),
    "visualsearch": (
        DataCall("postgresql", "SELECT", "embeddings", "SELECT id FROM embeddings ORDER BY v <-> $1", 0.3),
    ),
    "gamification": (DataCall("postgresql", "SELECT", "points", "SELECT points FROM points WHERE user_id = $1", 0.6),),
    "inventory": (DataCall("postgresql", "SELECT", "stock", "SELECT quantity FROM stock WHERE product_id = $1", 0.65),),
    "recommendation": (DataCall("redis", "MGET", "features", "MGET features:?", 0.35),),
}
GATEWAY, GATEWAY_SHARE = "api.cards.example", 0.8
"""The card gateway that payments call, and its part of the time that a payment takes."""

FAILURES: dict[str, ShopFailure] = {
    "frontend": ShopFailure(
        "UpstreamError",
        "upstream closed the connection after {ms} ms",
        ('  File "/app/frontend/proxy.py", line 61, in forward', "    return await call(upstream, request)"),
    ),
    "productcatalog": ShopFailure(
        "ReplicaLagError",
        "replica is {ms} ms behind",
        ('  File "/app/catalog/store.py", line 112, in read', "    raise ReplicaLagError(lag)"),
    ),
    "cart": ShopFailure(
        "ConnectionResetError",
        "redis closed the connection of cart {id}",
        ('  File "/app/cart/redis.py", line 44, in execute', "    reply = await self.read()"),
    ),
    "checkout": ShopFailure(
        "OrderNotWritten",
        "order {id} could not be written",
        ('  File "/app/checkout/orders.py", line 140, in place', "    raise OrderNotWritten(order.id)"),
    ),
    "payment": ShopFailure(
        "GatewayTimeout",
        "payment gateway did not answer in {ms} ms",
        ('  File "/app/payment/gateway.py", line 88, in charge', "    raise GatewayTimeout(waited)"),
    ),
    "search": ShopFailure(
        "ShardUnavailable",
        "index shard 3 is not available, tried for {ms} ms",
        ('  File "/app/search/index.py", line 73, in query', "    raise ShardUnavailable(shard)"),
    ),
}
OTHER_FAILURE = ShopFailure(
    "TimeoutError",
    "no answer in {ms} ms",
    ('  File "/app/server.py", line 29, in handle', "    return await asyncio.wait_for(answer, limit)"),
)
#: How payments fail after the bad deploy.
NULL_CURRENCY = ShopFailure(
    "CurrencyError",
    "no exchange rate for order {id}: currency is null",
    (
        '  File "/app/payment/charge.py", line 52, in charge',
        "    amount = convert(order.total, order.currency)",
        '  File "/app/payment/currency.py", line 31, in convert',
        "    raise CurrencyError(order)",
    ),
)
VERSIONS: dict[str, str] = {
    "frontend": "5.12.0",
    "productcatalog": "2.8.3",
    "cart": "1.19.1",
    "checkout": "3.3.0",
    "search": "4.0.2",
    "visualsearch": "0.9.7",
    "gamification": "1.2.5",
    "inventory": "2.1.0",
    "recommendation": "6.4.1",
}
"""Versions of the services; that of the payment service changes with the bad deploy."""
JSON_SERVICES = frozenset(("checkout", "payment", "cart"))
"""Services whose log lines are JSON."""

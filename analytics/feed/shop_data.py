"""Data of the demo shop: its services and endpoints, its products, and how visitors move between its pages."""

from typing import NamedTuple


class Endpoint(NamedTuple):
    """A call that a page makes; `median` is its median latency in milliseconds."""

    service: str
    method: str
    path: str
    median: float


class Footprint(NamedTuple):
    """Usual memory (MB) and CPU (percent) of a service."""

    memory: float
    cpu: float


class Product(NamedTuple):
    id: str
    category: str
    price: float


SERVICES: dict[str, Footprint] = {
    "frontend": Footprint(310, 28),
    "productcatalog": Footprint(180, 18),
    "cart": Footprint(140, 12),
    "checkout": Footprint(160, 9),
    "payment": Footprint(120, 6),
    "search": Footprint(520, 34),
    "visualsearch": Footprint(1450, 46),
    "gamification": Footprint(110, 5),
    "inventory": Footprint(150, 8),
    "recommendation": Footprint(640, 30),
}

PRODUCTS = (
    Product("OLJCESPC7Z", "accessories", 19.99),
    Product("66VCHSJNUP", "clothing", 18.99),
    Product("1YMWWN1N4O", "accessories", 109.99),
    Product("L9ECAV7KIM", "footwear", 89.99),
    Product("2ZYFJ3GM2N", "hair", 24.99),
    Product("0PUK6V6EV0", "decor", 18.49),
    Product("LS4PSXUNUM", "kitchen", 18.49),
    Product("9SIQT8TOJO", "kitchen", 5.49),
    Product("6E92ZMYYFZ", "kitchen", 8.99),
    Product("K7Q2DMT8RA", "footwear", 129.00),
    Product("VX3H0B5YWE", "clothing", 64.50),
    Product("NT81CJ6ZPL", "decor", 42.00),
)

SEARCHES = (
    "sunglasses",
    "mug",
    "loafers",
    "watch",
    "candle holder",
    "tank top",
    "hairdryer",
    "gift",
    "salt shaker",
)
WAREHOUSES = ("berlin", "rotterdam", "lyon")

#: For each page: its path, and the calls it makes.
PAGES: dict[str, tuple[str, tuple[Endpoint, ...]]] = {
    "home": (
        "/",
        (
            Endpoint("frontend", "GET", "/", 38),
            Endpoint("productcatalog", "GET", "/products", 21),
            Endpoint("recommendation", "GET", "/recommendations", 46),
        ),
    ),
    "search": (
        "/search",
        (Endpoint("frontend", "GET", "/search", 32), Endpoint("search", "GET", "/search", 54)),
    ),
    "visual": (
        "/search/photo",
        (
            Endpoint("frontend", "GET", "/search/photo", 35),
            Endpoint("visualsearch", "POST", "/visual-search", 240),
        ),
    ),
    "product": (
        "/products/{id}",
        (
            Endpoint("frontend", "GET", "/products/{id}", 36),
            Endpoint("productcatalog", "GET", "/products/{id}", 14),
            Endpoint("inventory", "GET", "/stock/{id}", 9),
            Endpoint("recommendation", "GET", "/recommendations/{id}", 52),
        ),
    ),
    "cart": (
        "/cart",
        (
            Endpoint("frontend", "GET", "/cart", 29),
            Endpoint("cart", "POST", "/cart/items", 12),
            Endpoint("inventory", "POST", "/reservations", 17),
        ),
    ),
    "checkout": (
        "/checkout",
        (
            Endpoint("frontend", "POST", "/checkout", 44),
            Endpoint("checkout", "POST", "/orders", 85),
            Endpoint("payment", "POST", "/charges", 190),
            Endpoint("cart", "DELETE", "/cart", 8),
        ),
    ),
    "rewards": (
        "/rewards",
        (Endpoint("frontend", "GET", "/rewards", 27), Endpoint("gamification", "GET", "/points/{user}", 11)),
    ),
}

ENTRANCE = "home"
LEAVE = "leave"

#: For each page: the probability of each next page.
NEXT: dict[str, dict[str, float]] = {
    "home": {"product": 0.52, "search": 0.26, "visual": 0.06, LEAVE: 0.16},
    "search": {"product": 0.68, "search": 0.14, LEAVE: 0.18},
    "visual": {"product": 0.80, LEAVE: 0.20},
    "product": {"product": 0.36, "cart": 0.26, "search": 0.12, LEAVE: 0.26},
    "cart": {"checkout": 0.42, "product": 0.34, LEAVE: 0.24},
    "checkout": {"rewards": 0.35, LEAVE: 0.65},
    "rewards": {"product": 0.20, LEAVE: 0.80},
}

#: Error messages of the services that have incidents: those busy enough for an incident to show in the shop's figures.
ERROR_MESSAGES = {
    "productcatalog": "replica is lagging behind",
    "checkout": "order could not be written, trying again",
    "payment": "payment gateway did not answer in 2000 ms",
    "inventory": "reservation queue is behind",
    "search": "index shard 3 is not available",
    "recommendation": "feature store read timed out",
}

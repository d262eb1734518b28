"""Detection of bots by their user agent, with the list of crawler-user-agents."""

from functools import lru_cache
from typing import Literal

Bots = Literal["skip", "mark", "keep"]


@lru_cache(maxsize=65_536)
def is_bot(agent: str) -> bool:
    """Whether a user agent is a known crawler, monitor or script."""
    from crawleruseragents import is_crawler

    return bool(is_crawler(agent))

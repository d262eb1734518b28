"""Which user agents are bots: the list of crawler-user-agents, asked once for each agent."""

from functools import lru_cache
from typing import Literal

Bots = Literal["skip", "mark", "keep"]


@lru_cache(maxsize=65_536)
def is_bot(agent: str) -> bool:
    """Whether `agent` is that of a known crawler, monitor or script."""
    from crawleruseragents import is_crawler

    return bool(is_crawler(agent))

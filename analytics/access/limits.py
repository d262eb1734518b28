"""Limits of senders: the rates of keys, and those of addresses that send without a key."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from analytics.identity import Identity
from analytics.keys.key import Key, Rate
from analytics.keys.rates import Rates

BROWSER_INGEST = Rate(50, 200)
"""The rate of browser keys that have none of their own, in items."""


class Defaults(NamedTuple):
    """Default rates; None for no limit.

    Attributes:
        reads: reads of a key.
        address_reads, address_ingest: reads and items of an address that sends without a key.
    """

    reads: Rate | None = None
    address_reads: Rate | None = None
    address_ingest: Rate | None = None


def rate_of(per_second: float) -> Rate | None:
    """A rate with bursts of two seconds; None for 0, which means no limit."""
    return Rate(per_second, max(1, 2 * per_second)) if per_second else None


class SenderLimits:
    """Takes the reads and items of each sender from its rates.

    Args:
        now: returns seconds that only go forward.
    """

    def __init__(self, defaults: Defaults, now: Callable[[], float]) -> None:
        self._defaults = defaults
        self._reads, self._items = Rates("reads", now), Rates("items", now)
        self.limits_addresses = defaults.address_reads is not None or defaults.address_ingest is not None

    def of_key(self, identity: Identity, key: Key) -> Identity:
        """The identity of a key, with the key's rates."""
        admit = self._admit(key.who, key.ingest or (BROWSER_INGEST if key.origins else None))
        return self._with_reads(identity if admit is None else identity._replace(admit=admit), key.reads)

    def of_person(self, person: Identity) -> Identity:
        """The identity of a person, with the rate of reads that keys have by default."""
        return self._with_reads(person, None)

    def read_from(self, address: str) -> None:
        """Take one read of an address.

        Raises:
            TooManyRequests: none is left.
        """
        if self._defaults.address_reads is not None:
            self._reads.take(address, self._defaults.address_reads, 1)

    def admit_from(self, address: str) -> Callable[[int], None] | None:
        """A function that takes items from the rate of an address; None for no limit."""
        return self._admit(address, self._defaults.address_ingest)

    def _with_reads(self, identity: Identity, own: Rate | None) -> Identity:
        rate = own or self._defaults.reads
        return identity if rate is None else identity._replace(read=partial(self._reads.take, identity.who, rate, 1))

    def _admit(self, sender: str, rate: Rate | None) -> Callable[[int], None] | None:
        return None if rate is None else partial(self._items.take, sender, rate)

"""Check of keys: finds the key of a secret, and makes guessing slow."""

from analytics.addresses import sender_at
from analytics.clock import Clock
from analytics.identity import Unauthorized
from analytics.keys.key import SECRET, Key, Rate
from analytics.keys.keyring import Keyring
from analytics.keys.rates import Rates

FAILED_KEYS = Rate(1, 20)
"""Wrong keys that each address may send; loopback is not limited."""


class KeyCheck:
    """Finds the key of a secret that an address sent.

    An address that sent too many wrong keys is refused. Secrets that the service made have 256 random bits, cannot be
    guessed, and are always compared: nobody with such a key is locked out by others behind the same address.
    """

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring, self._clock = keyring, clock
        self._failures = Rates("wrong keys", clock.monotonic)

    def find(self, secret: str, address: str) -> Key:
        """The key with this secret.

        Raises:
            Unauthorized: there is none, or it has expired.
            TooManyRequests: the address sent too many wrong keys.
        """
        sender = sender_at(address)
        if sender is not None and sender in self._failures and SECRET.fullmatch(secret) is None:
            self._failures.take(sender, FAILED_KEYS, 0)
        key = self._keyring.find(secret)
        if key is None or (key.expires is not None and key.is_expired(self._clock.wall())):
            if sender is not None:
                self._failures.take(sender, FAILED_KEYS, 1)
            if key is None:
                raise Unauthorized("This key is not known: it may have been revoked.", code="unknown_key")
            raise Unauthorized("This key has expired.", code="key_expired")
        return key

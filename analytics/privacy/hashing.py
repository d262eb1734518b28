"""Keyed hashes: equal values have equal hashes, and without the key nobody can find the value by trying."""

import os
import re
import secrets
from collections.abc import Callable
from hashlib import blake2b, sha256
from pathlib import Path

from analytics.errors import Unavailable

HASH_KEY_FILE = "hash.key"
KEY_BYTES = 32
HASH_PREFIX = "hash:"
HASH_PATTERN = re.compile(f"{HASH_PREFIX}[0-9a-f]{{32}}")


class Hasher:
    """Hashes texts with a key, which is asked for at the first use.

    >>> Hasher(lambda: b"k" * 32)("alice")
    'hash:07434d7a8ad35cb5a4f3bd8d2f18a15c'
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._find_key = key
        self._key: bytes | None = None

    def __call__(self, text: str) -> str:
        """The hash of a text, also of one that looks like a hash.

        Raises:
            Unavailable: the key cannot be read or created.
        """
        if self._key is None:
            self._key = self._find_key()
        return HASH_PREFIX + blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def unless_hashed(self, text: str) -> str:
        """The hash of a text; a hash is returned as it is, so that an import of an export changes nothing.

        Raises:
            Unavailable: the key cannot be read or created.
        """
        return text if HASH_PATTERN.fullmatch(text) else self(text)


def hash_key(setting: str, directory: Path | None) -> bytes:
    """The key of this service: from the setting, else from the file in its data directory, which is created if missing.

    Without both, a random key that is lost when the process ends.

    Raises:
        Unavailable: the file cannot be read or created, or holds no key.
    """
    if setting:
        return sha256(setting.encode()).digest()
    if directory is None:
        return secrets.token_bytes(KEY_BYTES)
    path = directory / HASH_KEY_FILE
    try:
        if not path.exists():
            _create(path)
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise _unavailable(f"{path} cannot be used as the key for hashes ({error})") from error
    if len(key) != KEY_BYTES:
        raise _unavailable(f"{path} is no key for hashes: restore it, or remove it to get a new one")
    return key


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(f"Nothing can be hashed, so nothing was recorded: {reason}.", headers={"Retry-After": "10"})


def _create(path: Path) -> None:
    """Create the file; it appears only when it is complete."""
    fresh = path.with_name(f"{HASH_KEY_FILE}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # so that the name survives a power cut as long as the hashes made with it
    finally:
        os.close(descriptor)

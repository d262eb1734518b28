"""DuckDB in the store process: opened at first use, with limits."""

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.store.process.code_pages import release_code
from analytics.store.records.functions import RECORD_MACROS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LIBRARY = "_duckdb"
"""In the name of the file with DuckDB's code, of which 45 MB are in use after some questions."""
SPILL_FOLDER = "spill"
SPILL_BYTES = 4 * 1024**3
"""How much a query may write to the disk beyond its memory."""


class DuckEngine:
    """One DuckDB without a file; each user has a connection of its own.

    Args:
        folder: where it may write what does not fit into its memory.
        memory: bytes.
    """

    def __init__(self, folder: Path, memory: int, threads: int) -> None:
        self._folder, self._limit, self._threads = folder, f"{memory // 2**20}MiB", threads
        self._library = ctypes.CDLL(None)
        self._lock = threading.Lock()
        self._root: DuckDBPyConnection | None = None
        self._lent = 0
        self.is_used = False
        """Whether there were connections since it was trimmed, or some are lent."""
        self.is_resting = True
        """Whether there were none since it rests."""

    def connect(self) -> "DuckDBPyConnection":
        """A new connection."""
        with self._lock:
            if self._root is None:
                self._root = self._open()
            self.is_used, self.is_resting = True, False
            return self._root.cursor()

    @contextmanager
    def lend(self) -> Iterator["DuckDBPyConnection"]:
        """A new connection, during whose use others trim the engine; it is closed in the end."""
        with self._lock:
            self._lent += 1
        try:
            connection = self.connect()
            try:
                yield connection
            finally:
                connection.close()
        finally:
            with self._lock:
                self._lent -= 1
                self.is_used, self.is_resting = True, False

    def trim(self) -> None:
        """Return freed memory to the system: what DuckDB's allocator keeps goes when the limit is set, to the same."""
        with self._lock:
            self.is_used = self._lent > 0
        if self._root is not None:
            self._root.cursor().execute(f"SET GLOBAL memory_limit = '{self._limit}'")
        if hasattr(self._library, "malloc_trim"):
            self._library.malloc_trim(0)

    def rest(self) -> None:
        """Release all that comes back by itself: there was no connection since it was trimmed."""
        with self._lock:
            self.is_resting = True
        gc.collect()
        self.trim()
        release_code(LIBRARY)

    def _open(self) -> "DuckDBPyConnection":
        import duckdb  # only here: it takes 50 MB

        root = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": self._limit,
                "threads": self._threads,
                "async_threads": 0,  # reads of local files take longer to hand over than to do
                "temp_directory": str(self._folder / SPILL_FOLDER),
                "max_temp_directory_size": f"{SPILL_BYTES // 2**20}MiB",
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        root.execute("SET GLOBAL pandas_analyze_sample = 0")  # arrays of objects are texts
        root.execute("SET GLOBAL allocator_background_threads = true")  # freed memory goes back to the system
        root.execute("SET GLOBAL TimeZone = 'UTC'")
        for macro in RECORD_MACROS:
            root.execute(f"CREATE MACRO {macro}")
        return root

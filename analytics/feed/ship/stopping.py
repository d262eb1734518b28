"""A request to stop that a signal makes: it ends a wait at once."""

import os
import select


class Stopped(Exception):
    """The wait was ended."""


class Stop:
    """Whether the program is to stop. `request` may be called by a signal handler, unlike `threading.Event.set`."""

    def __init__(self) -> None:
        self.is_requested = False
        self._read_end, self._write_end = os.pipe()

    def request(self) -> None:
        """Ask the program to stop."""
        if not self.is_requested:
            self.is_requested = True
            os.write(self._write_end, b".")

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than until the request."""
        select.select([self._read_end], [], [], min(seconds, 3600.0))

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: by the request.
        """
        self.wait(seconds)
        if self.is_requested:
            raise Stopped

    def close(self) -> None:
        os.close(self._read_end)
        os.close(self._write_end)

"""Yielding to the event loop during long work."""

import gevent


def yield_to_others() -> None:
    """Wait until the event loop has polled for input once and all ready greenlets have run.

    `gevent.sleep(0)` only runs ready greenlets: gevent polls after 50 such calls. A longer sleep waits for a timer,
    which fires a millisecond late.
    """
    hub = gevent.get_hub()
    busy = hub.loop.idle()  # while active, the loop does not block in its poll
    busy.start(_nothing)
    try:
        hub.wait(hub.loop.check(priority=hub.loop.MINPRI))  # runs after the poll's events
    finally:
        busy.stop()
        busy.close()


def _nothing() -> None:
    pass

"""Turns in the event loop: how long work lets all others go first."""

import gevent


def yield_to_others() -> None:
    """Wait until the event loop has looked for input once, and all who are ready have run.

    `gevent.sleep(0)` does only the latter: gevent looks for input after 50 such turns, each as long as the work takes.
    Any longer sleep waits for a timer, which comes a millisecond late.
    """
    hub = gevent.get_hub()
    busy = hub.loop.idle()  # while it is active the loop does not wait for input
    busy.start(_nothing)
    try:
        hub.wait(hub.loop.check(priority=hub.loop.MINPRI))  # after all that the look has found
    finally:
        busy.stop()
        busy.close()


def _nothing() -> None:
    pass

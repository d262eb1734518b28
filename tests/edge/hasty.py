"""The WSGI entry with short times between pings, so that a test need not wait a minute for a client to be given up."""

from gevent import monkey

monkey.patch_all()

from analytics.live import hub, socketio  # noqa: E402

hub.PINGS_APART = 2
socketio.PING_INTERVAL = socketio.PING_TIMEOUT = socketio.UPGRADE_SECONDS = 1

from wsgi import app  # noqa: E402

__all__ = ["app"]

"""The WSGI application with short ping intervals, so that tests do not wait a minute for a disconnect."""

from gevent import monkey

monkey.patch_all()

from analytics.internals import engineio  # noqa: E402
from analytics.live import hub  # noqa: E402
from analytics.live.wire import socketio  # noqa: E402

hub.PING_INTERVAL = 1
socketio.PING_INTERVAL = socketio.PING_TIMEOUT = engineio.UPGRADE_SECONDS = 1

from wsgi import app  # noqa: E402

__all__ = ["app"]

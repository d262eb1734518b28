"""The WSGI application, for gunicorn with its gevent worker."""

from gevent import monkey

monkey.patch_all()

import sys

from gunicorn.arbiter import Arbiter

from analytics.errors import ConfigError
from analytics.factory import create_app

try:
    app = create_app()
except ConfigError as error:
    sys.stderr.write(f"{error.message}\n")
    sys.exit(Arbiter.WORKER_BOOT_ERROR)  # with any other status gunicorn would start the next worker, again and again

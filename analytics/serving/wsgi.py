"""The WSGI application, for gunicorn with its gevent worker."""

from gevent import monkey

monkey.patch_all()

import sys

from analytics.errors import ConfigError
from analytics.factory import create_app

try:
    app = create_app()
except ConfigError as error:
    sys.exit(error.message)

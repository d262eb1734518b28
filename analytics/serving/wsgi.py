"""The WSGI application, for gunicorn with its gevent worker."""

from gevent import monkey

monkey.patch_all()

from analytics.internals.packages import defer_packages

defer_packages()

import sys

from analytics.errors import SettingError
from analytics.factory import create_app
from analytics.internals.gunicorn import BOOT_ERROR

try:
    app = create_app()
except SettingError as error:
    sys.stderr.write(f"{error.message}\n")
    sys.exit(BOOT_ERROR)  # with any other status gunicorn would start the next worker, again and again

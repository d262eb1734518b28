"""The service with little patience for readers that stall."""

from gevent import monkey

monkey.patch_all()

from functools import partial

from analytics.api import export
from analytics.factory import create_app

export.cut_off_when_stalled = partial(export.cut_off_when_stalled, patience=0.3)
app = create_app()

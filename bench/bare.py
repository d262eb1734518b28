"""The baseline: a Flask app whose one view does nothing, for the same gunicorn worker as the service's."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402

from flask import Flask, Response  # noqa: E402

SIZED = b"x" * int(os.environ.get("BARE_BYTES", "0"))

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def bare() -> Response:
    return Response(b'{"message":"ok"}', 202, mimetype="application/json")


@app.get("/health")
def health() -> Response:
    return Response(b'{"status":"healthy"}', mimetype="application/json")


@app.get("/sized")
def sized() -> Response:
    """As many bytes as the answer it is compared with, to tell what sending alone costs."""
    return Response(SIZED, mimetype="application/json")

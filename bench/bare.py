"""The baseline: a Flask app whose only view does nothing, in the same gunicorn worker as the service."""

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
    """An answer of the same size as the compared one, to measure the cost of sending alone."""
    return Response(SIZED, mimetype="application/json")

"""The command that runs the service: `analytics serve`."""

from __future__ import annotations

import os

import click


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [env var: HOST; default: 127.0.0.1]")
@click.option("--port", metavar="NUMBER", help="Port to listen on.  [env var: PORT; default: 8099]")
@click.option(
    "--data-dir",
    metavar="DIRECTORY",
    help="Directory of the database; '' keeps everything in memory.  "
    "[env var: ANALYTICS_DATA_DIR; default: data, in the current directory]",
)
def serve_command(host: str | None, port: str | None, data_dir: str | None) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    The dashboard is at http://HOST:PORT/. All other settings are environment variables: `analytics config` lists them.
    The server is gunicorn; GUNICORN_CMD_ARGS can hold options for it.
    """
    from analytics.serving.application import GunicornServer

    options = {"HOST": host, "PORT": port, "ANALYTICS_DATA_DIR": data_dir}
    os.environ.update({variable: value for variable, value in options.items() if value is not None})
    GunicornServer().run()

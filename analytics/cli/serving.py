"""The command that runs the service: `analytics serve`."""

from __future__ import annotations

import os

import click


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="The address to listen on.  [env var: HOST; default: 127.0.0.1]")
@click.option("--port", metavar="NUMBER", help="The port to listen on.  [env var: PORT; default: 8099]")
@click.option(
    "--data-dir",
    metavar="DIRECTORY",
    help="The directory that keeps what was recorded; '' keeps it in memory only.  "
    "[env var: ANALYTICS_DATA_DIR; default: data, in the directory that the service is started in]",
)
def serve_command(host: str | None, port: str | None, data_dir: str | None) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    The dashboard is at http://HOST:PORT/. All other settings are environment variables: the page Operations of the
    documentation lists them. The server is gunicorn, whose own options go into GUNICORN_CMD_ARGS.
    """
    from analytics.serving.application import Service

    options = {"HOST": host, "PORT": port, "ANALYTICS_DATA_DIR": data_dir}
    os.environ.update({variable: value for variable, value in options.items() if value is not None})
    Service().run()

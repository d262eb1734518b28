"""The command line, `analytics` or `python -m analytics`: one command a file."""

import click

from analytics.cli.applying import apply_command, export_config_command
from analytics.cli.config import config_command
from analytics.cli.demo import demo_command
from analytics.cli.exporting import export_command
from analytics.cli.importing import import_command
from analytics.cli.keys import keys_command
from analytics.cli.replaying import replay_command
from analytics.cli.rules import rules_command
from analytics.cli.serving import serve_command
from analytics.cli.sessions import sessions_command
from analytics.cli.shipping import ship_command
from analytics.cli.sql import sql_command
from analytics.cli.storage import backup_command, inspect_command, restore_command
from analytics.version import VERSION

# Commands import what they need when they run: Requests alone takes a tenth of a second.


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="analytics", message="%(prog)s %(version)s")
def main() -> None:
    """Run the Analytics Dashboard Service, send data to it, export data from it, and maintain its database.

    `serve` runs the service, and `config` prints its settings. `demo`, `replay`, `import`, `ship`, `export`,
    `apply`, `export-config`, `keys`, `sessions` and `sql` are clients of a running service, which may be on another
    machine (--url or ANALYTICS_URL) and may require a key (ANALYTICS_KEY or --key-file).
    `backup`, `restore` and `inspect` work on the files in its data directory. `rules test` needs no service.
    """


for command in (
    serve_command,
    config_command,
    demo_command,
    replay_command,
    import_command,
    ship_command,
    export_command,
    apply_command,
    export_config_command,
    rules_command,
    keys_command,
    sessions_command,
    sql_command,
    backup_command,
    restore_command,
    inspect_command,
):
    main.add_command(command)

"""`changeover schema`"""

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the service's file. Editors use it by a first line of
    `# yaml-language-server: $schema=changeover.schema.json`."""
    from changeover.interfaces.config.schema import schema_text

    click.echo(schema_text(), nl=False)

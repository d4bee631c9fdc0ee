"""`changeover status`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option


@click.command("status")
@file_option
@environment_option
@click.option("-w", "--watch", "watching", is_flag=True, help="Look again each second.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, or one a line with -w.")
def command(file: Path, environment: str | None, watching: bool, as_json: bool) -> None:
    """Show what serves now: route, replicas, and how a run under way is doing."""
    import asyncio

    from changeover.interfaces.cli.aim import aimed
    from changeover.interfaces.cli.standing import as_data, in_words
    from changeover.interfaces.operations.status import Status, status, watch
    from changeover.interfaces.operations.target import target

    at = target(file, environment)

    def show(seen: Status) -> None:
        if as_json:
            import json

            click.echo(json.dumps(as_data(seen)))
            return
        click.echo(aimed("\n".join(in_words(seen))))

    async def look_on() -> None:
        async for seen in watch(at):
            if not as_json:
                click.clear()
            show(seen)

    if not watching:
        show(asyncio.run(status(at)))
        return
    try:
        asyncio.run(look_on())
    except KeyboardInterrupt:
        return

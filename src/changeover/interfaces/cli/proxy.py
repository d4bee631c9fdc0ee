"""`changeover proxy`"""

import asyncio
from contextlib import suppress
from typing import Any

import click


@click.group("proxy")
def command() -> None:
    """Start, stop, inspect and upgrade the proxy of this machine.

    It is an Envoy and a small agent beside it; both outlive every command. `deploy` starts them
    when they do not run.
    """


@command.command("start")
def start() -> None:
    """Start the proxy unless it runs; it serves the routes it had before."""
    from changeover.adapters.router.envoy.proxy import start_agent
    from changeover.interfaces.paths import state_paths

    _show(asyncio.run(start_agent(state_paths().root)))


@command.command("stop")
@click.confirmation_option(
    "--yes", prompt="Every service behind this proxy stops being reachable. Go on?"
)
def stop() -> None:
    """End the proxy; its ports are closed. Routes are kept for the next start."""
    from changeover.adapters.router.envoy import proxy
    from changeover.interfaces.paths import state_paths

    stopped = asyncio.run(proxy.stop(state_paths().root))
    click.echo("the proxy has ended" if stopped else "no proxy was running")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(as_json: bool) -> None:
    """Show processes, memory, connections, and each service's route."""
    from changeover.adapters.router.envoy import proxy
    from changeover.interfaces.paths import state_paths

    seen = asyncio.run(proxy.status(state_paths().root))
    if as_json:
        import json

        click.echo(json.dumps(seen))
        return
    _show(seen)


@command.command("upgrade")
def upgrade() -> None:
    """Replace Envoy by the installed version with a hot restart: no port is closed, what is in
    flight ends in the old one."""
    from changeover.adapters.router.envoy import proxy
    from changeover.interfaces.paths import state_paths

    done = asyncio.run(proxy.upgrade(state_paths().root))
    click.echo(f"a new Envoy serves: process {done['pid']}, epoch {done['epoch']}")


@command.command("logs")
@click.option(
    "--of",
    type=click.Choice(["agent", "envoy"]),
    default="envoy",
    show_default=True,
    help="Whose lines.",
)
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    help="How many of the last lines.",
)
@click.option("-F", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
def logs(of: Any, lines: int, follow: bool) -> None:
    """Show what Envoy, or the agent beside it, wrote."""
    from changeover.adapters.router.envoy import proxy
    from changeover.interfaces.paths import state_paths

    async def show() -> None:
        async for line in proxy.logs(state_paths().root, of=of, follow=follow, lines=lines):
            click.echo(line)

    with suppress(KeyboardInterrupt):
        asyncio.run(show())


def _show(seen: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(seen, indent=2))

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
    from changeover.interfaces.operations.proxy import start_proxy

    _show(asyncio.run(start_proxy()))


@command.command("stop")
@click.option("--yes", is_flag=True, help="Do not ask.")
def stop(yes: bool) -> None:
    """End the proxy; its ports are closed. Routes are kept for the next start."""
    from changeover.interfaces.cli.consent import consent
    from changeover.interfaces.operations.proxy import stop_proxy

    if not yes:
        consent("Every service behind this proxy stops being reachable. Go on?")
    stopped = asyncio.run(stop_proxy())
    click.echo("the proxy has ended" if stopped else "no proxy was running")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(as_json: bool) -> None:
    """Show processes, memory, connections, and each service's route."""
    from changeover.interfaces.operations.proxy import proxy_status

    seen = asyncio.run(proxy_status())
    if as_json:
        import json

        click.echo(json.dumps(seen))
        return
    _show(seen)


@command.command("upgrade")
def upgrade() -> None:
    """Replace Envoy by the installed version with a hot restart: no port is closed, what is in
    flight ends in the old one."""
    from changeover.interfaces.operations.proxy import upgrade_proxy

    done = asyncio.run(upgrade_proxy())
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
    from changeover.interfaces.operations.proxy import proxy_logs

    async def show() -> None:
        async for line in proxy_logs(of=of, follow=follow, lines=lines):
            click.echo(line)

    with suppress(KeyboardInterrupt):
        asyncio.run(show())


def _show(seen: dict[str, Any]) -> None:
    """A status in words."""
    from changeover.adapters.notify.words import counted
    from changeover.planning.words import memory

    agent, envoy = seen["agent"], seen.get("envoy")
    click.echo(f"agent: process {agent['pid']}, {memory(agent['memory_bytes'])}")
    if envoy is None:
        click.echo("Envoy: does not run")
    else:
        click.echo(
            f"Envoy {envoy['version']}: process {envoy['pid']}, epoch {envoy['epoch']}, "
            f"{memory(envoy['memory_bytes'])}, {counted(envoy['connections'], 'connection')}"
        )
    for old in seen.get("leaving", []):
        click.echo(f"  an older Envoy still finishes its requests: {old}")
    if seen.get("trouble"):
        click.echo(click.style(f"! {seen['trouble']}", fg="yellow"))
    for service in seen["services"]:
        front, weights = service["front"], service["route"]["weights"]
        shares = ", ".join(f"{version} {weight / 100:g} %" for version, weight in weights.items())
        name = f"{front['environment']}/{front['name']}"
        click.echo(f"  {name} on {front['host']}:{front['port']}: {shares}")
    if not seen["services"]:
        click.echo("  no service is routed")

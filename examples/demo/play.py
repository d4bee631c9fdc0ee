"""`--play`: the demo's stage and its users, and you deploy."""

from rich.console import Console
from rich.live import Live
from rich.text import Text

from changeover.testing.load import LoadProcess
from examples.demo.ending import commands
from examples.demo.interruption import Interrupted, Interruption
from examples.demo.stage import Stage
from examples.demo.terminal import crowd_lines
from examples.demo.users import Lookout

_COMMANDS = """\
changeover deploy v2 --artifact releases/v2
changeover status
changeover deploy v5-slow --artifact releases/v5-slow
changeover rollback
changeover history"""


def play(
    stage: Stage, load: LoadProcess, console: Console, lookout: Lookout, interruption: Interruption
) -> int:
    """Say how to deploy, show what users meet, until a signal comes. Returns the exit code."""
    setting = stage.directory / "settings.sh"
    setting.write_text(
        f'export PATH="{commands()}:$PATH"\nexport CHANGEOVER_STATE="{stage.state}"\n'
    )
    console.print(Text("\nIn another terminal:", "bold"))
    for line in (f"cd {stage.directory} && . ./settings.sh", *_COMMANDS.splitlines()):
        console.print(Text(f"  {line}", "cyan"), soft_wrap=True)
    console.print(
        Text(
            "releases/ has v1 to v4 and v5-slow. changeover.yml is a canary; the others are\n"
            "--file rolling.yml and --file blue-green.yml. Ctrl-C here ends all of it.\n",
            "dim",
        ),
        soft_wrap=True,
    )
    try:
        _watch(console, lookout, interruption)
    except Interrupted:
        report = load.stop()
        console.print(f"{report.sent:,} requests, {report.failed:,} failed")
    return 0


def _watch(console: Console, lookout: Lookout, interruption: Interruption) -> None:
    if not console.is_terminal:
        interruption.sleep(float("inf"))
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(crowd_lines(lookout, console), refresh=True)
            interruption.sleep(0.5)

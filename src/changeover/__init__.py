"""Takes a running service from one version to the next while its users notice nothing.

Everything the command line does is a call here:

    import asyncio
    from changeover import Manner, Shipment, deploy, open_project

    project = open_project(environment="production")
    run = asyncio.run(deploy(project, Shipment(version="v2"), Manner(waits=False)))
    print(run.status, run.cause)

Names are imported when they are first used, so that `import changeover` costs nothing.
"""

from changeover.version import __version__ as __version__

TYPE_CHECKING = False  # importing typing for it would cost every keeper of a replica its memory
if TYPE_CHECKING:
    from changeover.domain.event import Event as Event
    from changeover.domain.event import EventKind as EventKind
    from changeover.domain.plan import Change as Change
    from changeover.domain.plan import Plan as Plan
    from changeover.domain.release import Release as Release
    from changeover.domain.run import Run as Run
    from changeover.domain.run import RunStatus as RunStatus
    from changeover.execution.errors import ChangeoverError as ChangeoverError
    from changeover.execution.ports import Notifier as Notifier
    from changeover.interfaces.config.check import check as check
    from changeover.interfaces.config.initial import initial as initial
    from changeover.interfaces.config.schema import schema_text as schema_text
    from changeover.interfaces.operations.adopt import adopt as adopt
    from changeover.interfaces.operations.deploy import Shipment as Shipment
    from changeover.interfaces.operations.deploy import deploy as deploy
    from changeover.interfaces.operations.deploy import plan as plan
    from changeover.interfaces.operations.down import down as down
    from changeover.interfaces.operations.give_up import GivenUp as GivenUp
    from changeover.interfaces.operations.give_up import give_up as give_up
    from changeover.interfaces.operations.history import history as history
    from changeover.interfaces.operations.logs import LogQuery as LogQuery
    from changeover.interfaces.operations.logs import logs as logs
    from changeover.interfaces.operations.manner import Manner as Manner
    from changeover.interfaces.operations.proxy import proxy_logs as proxy_logs
    from changeover.interfaces.operations.proxy import proxy_status as proxy_status
    from changeover.interfaces.operations.proxy import start_proxy as start_proxy
    from changeover.interfaces.operations.proxy import stop_proxy as stop_proxy
    from changeover.interfaces.operations.proxy import upgrade_proxy as upgrade_proxy
    from changeover.interfaces.operations.rollback import rollback as rollback
    from changeover.interfaces.operations.say import abort as abort
    from changeover.interfaces.operations.say import approve as approve
    from changeover.interfaces.operations.say import pause as pause
    from changeover.interfaces.operations.say import resume as resume
    from changeover.interfaces.operations.status import Status as Status
    from changeover.interfaces.operations.status import status as status
    from changeover.interfaces.operations.status import watch as watch
    from changeover.interfaces.operations.target import Target as Target
    from changeover.interfaces.operations.target import target as target
    from changeover.interfaces.project import Project as Project
    from changeover.interfaces.project import open_project as open_project
    from changeover.planning.render import describe as describe
    from changeover.planning.safety import violations as violations

_HOMES = {
    "domain.event": ("Event", "EventKind"),
    "domain.plan": ("Change", "Plan"),
    "domain.release": ("Release",),
    "domain.run": ("Run", "RunStatus"),
    "execution.errors": ("ChangeoverError",),
    "execution.ports": ("Notifier",),
    "interfaces.config.check": ("check",),
    "interfaces.config.initial": ("initial",),
    "interfaces.config.schema": ("schema_text",),
    "interfaces.operations.adopt": ("adopt",),
    "interfaces.operations.deploy": ("Shipment", "deploy", "plan"),
    "interfaces.operations.down": ("down",),
    "interfaces.operations.give_up": ("GivenUp", "give_up"),
    "interfaces.operations.history": ("history",),
    "interfaces.operations.logs": ("LogQuery", "logs"),
    "interfaces.operations.manner": ("Manner",),
    "interfaces.operations.proxy": (
        "proxy_logs",
        "proxy_status",
        "start_proxy",
        "stop_proxy",
        "upgrade_proxy",
    ),
    "interfaces.operations.rollback": ("rollback",),
    "interfaces.operations.say": ("abort", "approve", "pause", "resume"),
    "interfaces.operations.status": ("Status", "status", "watch"),
    "interfaces.operations.target": ("Target", "target"),
    "interfaces.project": ("Project", "open_project"),
    "planning.render": ("describe",),
    "planning.safety": ("violations",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)

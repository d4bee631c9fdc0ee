"""Writes the first service's file of a project, each choice with its reason in a line."""

import json
import re
from pathlib import Path

from changeover.interfaces.config.projects import Project, look

_PLAIN = re.compile(r"[A-Za-z./][A-Za-z0-9_ ./:=@%+,{}-]*")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:=@%+,{}-]+")

_TEMPLATE = """\
# How {name} goes from one version to the next.
# `changeover check` validates this file, `changeover plan` shows what a deployment would do.

service: {name}

# What is shipped: a directory, a .zip or .tar archive, a wheel, a jar or a single program.
artifact: {artifact}{build}

{start} No shell is involved.
# {{port}} becomes the replica's port; the variable PORT holds it too.
command: {command}

# Where users reach the service. A port alone is open on all interfaces.
listen: 127.0.0.1:8080

# Copies that run, so that one can be replaced while the others serve.
replicas: 2

# A replica takes requests once this path answers 200 to 399 several times in a row.
health:
  path: /
  interval: 500ms
  timeout: 2s
  successes: 2
  give_up: 1m

# Time for requests in flight to end before an old replica is stopped, and then for it to exit.
drain: 30s
grace: 10s

# Variables for the replicas. Secrets name where the value is found, never the value.
# environment:
#   LOG_LEVEL: info
# secrets:
#   DATABASE_PASSWORD: {{environment: DATABASE_PASSWORD}}
#   API_TOKEN: {{file: /run/secrets/api_token}}

# Questions put to a new version before, or as soon as, users meet it.
# checks:
#   - kind: http
#     name: front page
#     path: /
#     status: 200

# How a new version takes over: rolling, blue_green or canary.
# rolling replaces replicas one by one and goes back when a new one fails.
strategy: rolling

# What differs by environment; everything else is taken from above.
# environments:
#   staging:
#   production:
#     replicas: 4
#     strategy:
#       kind: canary
#       steps:
#         - {{weight: 5%, bake: 5m}}
#         - {{weight: 50%, bake: 10m}}
#       gates:
#         - {{kind: error_ratio, limit: 1%, min_requests: 100}}
#       extend: 10m
"""


def initial(directory: Path) -> str:
    """The text of a service's file for the project in `directory`; nothing is written."""
    project = look(directory)
    return _TEMPLATE.format(
        name=_service_name(project.name),
        artifact=_scalar(project.artifact),
        build=f"  # made by `{project.build}`" if project.build else "",
        start=_start(project),
        command=_command(project.command),
    )


def _service_name(name: str) -> str:
    """`name` made safe; "service" when nothing of it is."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower().split("/")[-1])
    return re.sub(r"^[^a-z]+", "", plain)[:40].strip("-") or "service"


def _start(project: Project) -> str:
    """What is said above the command."""
    said = "# What starts one replica, in the release's directory"
    if not project.why:
        return f"# CORRECT THIS LINE: nothing here told how the service is started.\n{said}."
    known = project.why.isascii() and project.why.isprintable()
    return f"{said} ({project.why if known else 'found in this directory'})."


def _command(words: tuple[str, ...]) -> str:
    """One line where no word needs quotes, else a list."""
    line = " ".join(words)
    if all(_PLAIN_WORD.fullmatch(word) for word in words) and _is_plain(line):
        return line
    return json.dumps(list(words), ensure_ascii=False)


def _scalar(text: str) -> str:
    return text if _is_plain(text) else json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether YAML takes `text` as it stands for just this text."""
    ends_a_key = ": " in f"{text} "
    return bool(_PLAIN.fullmatch(text)) and not ends_a_key and text.lower() != "null"

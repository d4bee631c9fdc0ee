"""Looks at a project's directory: what it is called, what it ships and how it is started."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAX_BYTES = 200_000
_SHELL = re.compile(r"[|&;<>`]|\$(?!\{?PORT\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What was found. why: the file that told it; "" when nothing did. build: what makes the
    artifact; "" if it is there already."""

    name: str
    artifact: str
    command: tuple[str, ...]
    why: str
    build: str = ""


def look(directory: Path) -> Project:
    """The project in `directory`; a guess to be corrected when nothing tells."""
    for find in _FINDERS:
        found = find(directory)
        if found is not None:
            return found
    return Project(
        name=directory.absolute().name,
        artifact=".",
        command=("./run", "--port", "{port}"),
        why="",
    )


def _procfile(directory: Path) -> Project | None:
    lines = dict(re.findall(r"^([\w-]+):\s*(\S.*)$", _text(directory / "Procfile"), re.M))
    if not lines:
        return None
    line = lines.get("web") or next(iter(lines.values()))
    return _project(directory, _from_shell(line), "Procfile")


def _dockerfile(directory: Path) -> Project | None:
    text = re.sub(r"\\\n", " ", _text(directory / "Dockerfile"))
    entry, arguments = (_docker_words(text, word) for word in ("ENTRYPOINT", "CMD"))
    words = (*entry, *arguments)
    if not words:
        return None
    for port in re.findall(r"^\s*EXPOSE\s+(\d+)", text, re.M):
        words = tuple(re.sub(rf"(?<!\d){port}(?!\d)", "{port}", word) for word in words)
    return _project(directory, words, "Dockerfile")


def _docker_words(text: str, instruction: str) -> tuple[str, ...]:
    """The words of the last ENTRYPOINT or CMD, in either of its forms."""
    lines = re.findall(rf"^\s*{instruction}\s+(\S.*)$", text, re.M | re.I)
    if not lines:
        return ()
    try:
        words = json.loads(lines[-1])
    except ValueError:
        return _from_shell(lines[-1])
    return tuple(str(word) for word in words) if isinstance(words, list) else ()


def _package_json(directory: Path) -> Project | None:
    try:
        package = json.loads(_text(directory / "package.json"))
        start, main = package.get("scripts", {}).get("start"), package.get("main", "index.js")
        name = str(package.get("name") or directory.absolute().name)
    except (ValueError, AttributeError):
        return None
    # npm does not always hand SIGTERM on: start node itself where that is all it does.
    if start:
        words = _from_shell(start) if start.startswith("node ") else ("npm", "start")
    else:
        words = ("node", str(main))
    return _project(directory, words, "package.json", name=name)


def _pom(directory: Path) -> Project | None:
    text = re.sub(r"<parent>.*?</parent>|<!--.*?-->", "", _text(directory / "pom.xml"), flags=re.S)
    name = re.search(r"<artifactId>\s*([\w.-]+)\s*</artifactId>", text)
    if not name:
        return None
    version = re.search(r"<version>\s*([\w.-]+)\s*</version>", text)
    jar = f"target/{name[1]}-{version[1] if version else '1.0'}.jar"
    return _java(directory, jar, "pom.xml", "mvn package", name[1], spring="spring-boot" in text)


def _gradle(directory: Path) -> Project | None:
    builds = [directory / name for name in ("build.gradle", "build.gradle.kts")]
    if not any(build.is_file() for build in builds):
        return None
    text = "".join(map(_text, builds))
    settings = _text(directory / "settings.gradle") + _text(directory / "settings.gradle.kts")
    named = re.search(r"rootProject\.name\s*=\s*[\"']([\w.-]+)", settings)
    name = named[1] if named else directory.absolute().name
    jar, spring = f"build/libs/{name}.jar", "springframework.boot" in text
    return _java(directory, jar, "build.gradle", "./gradlew build", name, spring=spring)


def _go(directory: Path) -> Project | None:
    module = re.search(r"^module\s+(\S+)", _text(directory / "go.mod"), re.M)
    if not module:
        return None
    name = re.sub(r"/v\d+$", "", module[1]).split("/")[-1]
    return _project(
        directory, (f"./{name}",), "go.mod", name=name, artifact=name, build=f"go build -o {name} ."
    )


def _cargo(directory: Path) -> Project | None:
    name = _table(directory / "Cargo.toml", "package").get("name")
    if not name:
        return None
    artifact = f"target/release/{name}"
    build = "cargo build --release"
    words = (f"./{name}",)
    return _project(directory, words, "Cargo.toml", name=str(name), artifact=artifact, build=build)


def _python(directory: Path) -> Project | None:
    table = _table(directory / "pyproject.toml", "project")
    names = ("manage.py", "app.py", "main.py", "wsgi.py", "server.py")
    file = next((name for name in names if (directory / name).is_file()), None)
    if not table.get("name") and file is None:
        return None
    name = str(table.get("name") or directory.absolute().name)
    needs = " ".join(map(str, table.get("dependencies", []))) + _text(
        directory / "requirements.txt"
    )
    package = re.sub(r"[^A-Za-z0-9_]", "_", name)
    inside = "src" if (directory / "src" / package).is_dir() else "."
    module = package if file is None else file.removesuffix(".py")
    why = "pyproject.toml" if table.get("name") else str(file)
    words = _python_words(module, needs.lower(), file)
    return _project(directory, words, why, name=name, artifact=inside)


def _python_words(module: str, needs: str, file: str | None) -> tuple[str, ...]:
    if file == "manage.py":
        return ("python3", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}")
    if "uvicorn" in needs or "fastapi" in needs:
        return ("python3", "-m", "uvicorn", f"{module}:app", "--port", "{port}")
    if "gunicorn" in needs or "flask" in needs:
        return ("python3", "-m", "gunicorn", f"{module}:app", "--bind", "127.0.0.1:{port}")
    return ("python3", file) if file else ("python3", "-m", module, "--port", "{port}")


def _jar(directory: Path) -> Project | None:
    jars = sorted(path.name for path in directory.glob("*.jar"))
    return _java(directory, jars[0], jars[0], "", None, spring=False) if jars else None


def _makefile(directory: Path) -> Project | None:
    for target in ("serve", "run", "start"):
        if re.search(rf"^{target}\s*:(?!=)", _text(directory / "Makefile"), re.M):
            return _project(directory, ("make", target, "PORT={port}"), "Makefile")
    return None


def _static(directory: Path) -> Project | None:
    if not (directory / "index.html").is_file():
        return None
    words = ("python3", "-m", "http.server", "{port}", "--bind", "127.0.0.1")
    return _project(directory, words, "index.html")


_FINDERS: tuple[Callable[[Path], Project | None], ...] = (
    _procfile,
    _dockerfile,
    _package_json,
    _pom,
    _gradle,
    _go,
    _cargo,
    _python,
    _jar,
    _makefile,
    _static,
)


def _java(
    directory: Path, jar: str, why: str, build: str, name: str | None, *, spring: bool
) -> Project:
    port = ("-Dserver.port={port}",) if spring else ()
    words = ("java", *port, "-jar", Path(jar).name)
    return _project(directory, words, why, name=name, artifact=jar, build=build)


def _project(
    directory: Path,
    words: tuple[str, ...],
    why: str,
    *,
    name: str | None = None,
    artifact: str = ".",
    build: str = "",
) -> Project:
    known = name or directory.absolute().name
    return Project(name=known, artifact=artifact, command=words, why=why, build=build)


def _from_shell(line: str) -> tuple[str, ...]:
    """The words of a shell's line; through a shell when it needs one."""
    line = line.strip().removeprefix("exec ")
    try:
        words = () if _SHELL.search(line) else tuple(shlex.split(line))
    except ValueError:
        words = ()
    if not words or "=" in words[0]:
        return ("sh", "-c", line)
    return tuple(re.sub(r"\$\{?PORT(?::-\d+)?\}?", "{port}", word) for word in words)


def _table(path: Path, name: str) -> dict[str, Any]:
    """A table of a TOML file; empty when there is none."""
    try:
        table = tomllib.loads(_text(path)).get(name)
    except tomllib.TOMLDecodeError:
        return {}
    return table if isinstance(table, dict) else {}


def _text(path: Path) -> str:
    """The text of a file; "" when it cannot be read."""
    try:
        return path.read_bytes()[:_MAX_BYTES].decode("utf-8", errors="replace")
    except OSError:
        return ""

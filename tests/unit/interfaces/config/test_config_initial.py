"""The first file of a project."""

import re
from pathlib import Path

import pytest

from changeover.interfaces.config.check import check
from changeover.interfaces.config.initial import initial
from changeover.interfaces.config.load import load_all, load_service

PROJECTS: dict[str, tuple[dict[str, str], str, tuple[str, ...]]] = {
    "procfile": (
        {"Procfile": "release: ./migrate\nweb: exec gunicorn app:app --bind 127.0.0.1:$PORT\n"},
        ".",
        ("gunicorn", "app:app", "--bind", "127.0.0.1:{port}"),
    ),
    "procfile_with_shell": (
        {"Procfile": "web: ./setup && exec ./serve --port=${PORT:-80}\n"},
        ".",
        ("sh", "-c", "./setup && exec ./serve --port=${PORT:-80}"),
    ),
    "dockerfile": (
        {"Dockerfile": 'FROM x\nEXPOSE 8000\nCMD ["uvicorn", "app:app", \\\n "--port=8000"]\n'},
        ".",
        ("uvicorn", "app:app", "--port={port}"),
    ),
    "dockerfile_in_shell_form": (
        {"Dockerfile": "FROM x\nENTRYPOINT ./serve --title 'My shop' --port $PORT\n"},
        ".",
        ("./serve", "--title", "My shop", "--port", "{port}"),
    ),
    "a_word_that_ends_like_a_key": (
        {"Procfile": "web: ./serve --title shop: {port}\n"},
        ".",
        ("./serve", "--title", "shop:", "{port}"),
    ),
    "a_last_word_that_ends_like_a_key": (
        {"Procfile": "web: ./serve shop:\n"},
        ".",
        ("./serve", "shop:"),
    ),
    "a_program_called_null": ({"Procfile": "web: null\n"}, ".", ("null",)),
    "node": (
        {"package.json": '{"name": "@acme/Shop_1", "scripts": {"start": "node server.js"}}'},
        ".",
        ("node", "server.js"),
    ),
    "npm": ({"package.json": '{"scripts": {"start": "next start"}}'}, ".", ("npm", "start")),
    "maven": (
        {
            "pom.xml": "<project><parent><artifactId>spring-boot</artifactId></parent>"
            "<artifactId>shop</artifactId><version>1.2</version>"
            "<dependency>spring-boot-starter</dependency></project>"
        },
        "target/shop-1.2.jar",
        ("java", "-Dserver.port={port}", "-jar", "shop-1.2.jar"),
    ),
    "gradle": (
        {"build.gradle": "", "settings.gradle": "rootProject.name = 'shop'\n"},
        "build/libs/shop.jar",
        ("java", "-jar", "shop.jar"),
    ),
    "jar": ({"shop.jar": ""}, "shop.jar", ("java", "-jar", "shop.jar")),
    "go": ({"go.mod": "module example.org/acme/shop/v2\n"}, "shop", ("./shop",)),
    "rust": ({"Cargo.toml": '[package]\nname = "shop"\n'}, "target/release/shop", ("./shop",)),
    "fastapi": (
        {"pyproject.toml": '[project]\nname = "my-shop"\ndependencies = ["fastapi"]\n'},
        ".",
        ("python3", "-m", "uvicorn", "my_shop:app", "--port", "{port}"),
    ),
    "python_package": (
        {"pyproject.toml": '[project]\nname = "shop"\n', "src/shop/__init__.py": ""},
        "src",
        ("python3", "-m", "shop", "--port", "{port}"),
    ),
    "flask": (
        {"app.py": "", "requirements.txt": "Flask==3\n"},
        ".",
        ("python3", "-m", "gunicorn", "app:app", "--bind", "127.0.0.1:{port}"),
    ),
    "django": (
        {"manage.py": ""},
        ".",
        ("python3", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
    ),
    "script": ({"server.py": ""}, ".", ("python3", "server.py")),
    "make": ({"Makefile": "all:\n\ttrue\nserve: all\n"}, ".", ("make", "serve", "PORT={port}")),
    "pages": (
        {"index.html": ""},
        ".",
        ("python3", "-m", "http.server", "{port}", "--bind", "127.0.0.1"),
    ),
    "unknown": ({"notes.txt": ""}, ".", ("./run", "--port", "{port}")),
    "broken": (
        {"package.json": "{", "pyproject.toml": "[", "pom.xml": "<", "Procfile": "\n"},
        ".",
        ("./run", "--port", "{port}"),
    ),
    "surprising": (
        {"package.json": "[1]", "Dockerfile": "CMD {}\n"},
        ".",
        ("./run", "--port", "{port}"),
    ),
}


@pytest.fixture(params=PROJECTS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A project's name, and the file that was written for it."""
    directory = tmp_path / request.param
    for name, content in PROJECTS[request.param][0].items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    path = directory / "changeover.yml"
    path.write_text(initial(directory), "utf-8")
    return request.param, path


def test_a_project_is_shipped_and_started_as_its_own_files_say(written: tuple[str, Path]) -> None:
    name, path = written
    _, artifact, command = PROJECTS[name]
    settings = load_service(path).settings
    assert (settings.artifact, settings.command) == (artifact, command)


def test_the_first_file_passes_check(written: tuple[str, Path]) -> None:
    assert [problem for problem in check(written[1]) if problem.severity == "error"] == []


def test_what_is_commented_out_is_valid_too(written: tuple[str, Path]) -> None:
    path = written[1]
    path.write_text(re.sub(r"^# (?=\w+:$|  )", "", path.read_text(), flags=re.M))
    configs = load_all(path)
    assert list(configs) == ["staging", "production"]
    assert configs["production"].settings.strategy.name == "canary"
    assert configs["staging"].settings.checks
    assert set(configs["staging"].settings.secrets) == {"DATABASE_PASSWORD", "API_TOKEN"}


@pytest.mark.parametrize(
    ("directory", "name"),
    [("Shop_1", "shop-1"), ("123", "service"), ("가게", "service"), ("a" * 60, "a" * 40)],
)
def test_the_services_name_is_made_safe(directory: str, name: str, tmp_path: Path) -> None:
    (tmp_path / directory).mkdir()
    (tmp_path / "changeover.yml").write_text(initial(tmp_path / directory))
    assert load_service(tmp_path / "changeover.yml").settings.service == name

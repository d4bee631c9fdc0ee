"""What `from changeover import ...` gives."""

import dataclasses
import inspect

from words import doc, page

import changeover


def signature(name: str, thing: object) -> str:
    """How it is called, one parameter a line when that is long."""
    if not callable(thing):
        return f"{name}: {type(thing).__name__}"
    try:
        written = inspect.signature(thing)
    except ValueError:
        return name
    text = f"{name}{written}".replace("changeover.domain.", "")
    if len(text) <= 90:
        return text
    inside = "".join(f"    {parameter},\n" for parameter in written.parameters.values())
    returns = "" if written.return_annotation is inspect.Signature.empty else " -> ..."
    return f"{name}(\n{inside}){returns}"


def methods(cls: type) -> list[str]:
    return [
        part
        for name, method in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
        for part in (f"### {cls.__name__}.{name}", f"```python\n{signature(name, method)}\n```")
        + ((f"```text\n{doc(method)}\n```",) if doc(method) else ())
    ]


def section(name: str, thing: object) -> list[str]:
    parts = [f"## {name}"]
    if dataclasses.is_dataclass(thing) or inspect.isroutine(thing):
        parts.append(f"```python\n{signature(name, thing)}\n```")
    if doc(thing):
        parts.append(f"```text\n{doc(thing)}\n```")
    return parts + (methods(thing) if inspect.isclass(thing) else [])


def api_page() -> str:
    names = [name for name in getattr(changeover, "__all__", []) if name != "__version__"]
    if not names:
        return ""
    return page(
        "Python",
        "Everything that the command does is a call. The package is typed (`py.typed`).",
        *(part for name in names for part in section(name, getattr(changeover, name))),
    )

"""What `from changeover import ...` gives, as it is written in the sources."""

import ast
import dataclasses
import enum
import inspect
import textwrap
from collections.abc import Iterator

from words import doc, page

import changeover

Function = ast.FunctionDef | ast.AsyncFunctionDef
WIDEST = 90


def parsed(thing: object) -> ast.stmt:
    """The statement that defines `thing`; the same words on every Python."""
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]  # type: ignore[arg-type]


def parameters(arguments: ast.arguments) -> Iterator[str]:
    """Each parameter with its type and default, `self` left out."""
    plain = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(plain) - len(arguments.defaults))
    for arg, default in zip(plain, [*missing, *arguments.defaults], strict=True):
        if arg.arg != "self":
            yield with_default(arg, default)
    if arguments.kwonlyargs:
        yield f"*{arguments.vararg.arg}" if arguments.vararg else "*"
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield with_default(arg, default)


def with_default(arg: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(arg) + (f" = {ast.unparse(default)}" if default is not None else "")


def function_words(node: Function) -> str:
    """How a function is called, one parameter a line when that is long."""
    start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    listed = list(parameters(node.args))
    text = f"{start} {node.name}({', '.join(listed)}){returns}"
    if len(text) <= WIDEST:
        return text
    lines = "".join(f"    {parameter},\n" for parameter in listed)
    return f"{start} {node.name}(\n{lines}){returns}"


def class_words(cls: type) -> str:
    """The fields of a dataclass or the members of an enumeration; "" for other classes."""
    node = parsed(cls)
    assert isinstance(node, ast.ClassDef)
    if not (dataclasses.is_dataclass(cls) or issubclass(cls, enum.Enum)):
        return ""
    told = [ast.unparse(each) for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    return "\n".join([f"class {cls.__name__}:", *(f"    {line}" for line in told)])


def methods(cls: type) -> Iterator[str]:
    """The public methods that `cls` itself defines."""
    for name, method in vars(cls).items():
        thing = method.fget if isinstance(method, property) else method
        if inspect.isfunction(thing) and not name.startswith("_"):
            node = parsed(thing)
            assert isinstance(node, Function)
            yield f"### {cls.__name__}.{name}"
            words = function_words(node)
            if isinstance(method, property):
                words = f"{name}: {ast.unparse(node.returns)}" if node.returns else name
            yield f"```python\n{words}\n```"
            yield f"```text\n{doc(thing)}\n```" if doc(thing) else ""


def section(name: str, thing: object) -> Iterator[str]:
    yield f"## {name}"
    if inspect.isclass(thing):
        words = class_words(thing)
    else:
        node = parsed(thing)
        assert isinstance(node, Function)
        words = function_words(node)
    yield f"```python\n{words}\n```" if words else ""
    yield f"```text\n{doc(thing)}\n```" if doc(thing) else ""
    if inspect.isclass(thing):
        yield from methods(thing)


def api_page() -> str:
    names = [name for name in changeover.__all__ if name != "__version__"]
    return page(
        "Python",
        "Everything that the command does is a call. The package is typed (`py.typed`).",
        f"```text\n{doc(changeover)}\n```",
        *(part for name in names for part in section(name, getattr(changeover, name))),
    )

"""Collects problems while the file is read, so that all are told at once."""

from typing import Literal

from changeover.interfaces.config.document import Node, Place, ScalarNode, described, is_null
from changeover.interfaces.config.masking import excerpt, holds_secrets, is_guarded
from changeover.interfaces.config.problem import FileProblems, Problem, shown
from changeover.interfaces.config.source import Source


class Problems:
    """The problems of one file. The same one, met through two environments, counts once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: dict[tuple[Place, str], Problem] = {}

    @property
    def found(self) -> tuple[Problem, ...]:
        """In the order of the file."""
        return tuple(sorted(self._found.values(), key=lambda p: (p.line, p.column, p.path)))

    def add(
        self, place: Place, path: str, message: str, *, allowed: str = "", hint: str = ""
    ) -> None:
        """Note an error at `place`."""
        problem = self._problem(place, path, message, allowed, hint)
        self._found.setdefault((place, message), problem)

    def warn(self, node: Node, message: str, *, hint: str = "") -> None:
        """Note something that may well be meant so."""
        problem = self._problem(node.place, node.path, message, "", hint, severity="warning")
        self._found.setdefault((node.place, message), problem)

    def at(self, node: Node, message: str, *, allowed: str = "", hint: str = "") -> None:
        """Note an error in the value of `node`."""
        self.add(node.place, node.path, message, allowed=allowed, hint=hint)

    def wrong(self, node: Node, what: str, *, allowed: str, hint: str = "") -> None:
        """Note that the value of `node` is not `what` ("a duration")."""
        if is_null(node):
            message = "has no value"
        elif not isinstance(node, ScalarNode):
            message = f"{described(node)} stands where {what} is expected"
        else:
            secret = is_guarded(node.path) or holds_secrets(node.text)
            value = "the value" if secret else shown(node.text)
            message = f"{value} is not {what}"
        self.at(node, message, allowed=allowed, hint=hint)

    def raise_if_any(self) -> None:
        """Raises FileProblems when an error was found; warnings do not count."""
        errors = [problem for problem in self.found if problem.severity == "error"]
        if errors:
            raise FileProblems(errors)

    def _problem(
        self,
        place: Place,
        path: str,
        message: str,
        allowed: str,
        hint: str,
        *,
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        return Problem(
            file=str(self.source.path),
            line=place.line,
            column=place.column,
            path=path,
            message=message,
            allowed=allowed,
            hint=hint,
            excerpt=excerpt(self.source, place.line, path=path),
            severity=severity,
        )

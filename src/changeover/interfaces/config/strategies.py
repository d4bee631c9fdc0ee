"""The strategy that the file names: its function, and its options read from its signature."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from changeover.domain.plan import Change, Plan
from changeover.execution.errors import ConfigurationError
from changeover.interfaces import registry
from changeover.interfaces.config.derive import record_of
from changeover.interfaces.config.document import Node
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.record import (
    KIND,
    Record,
    kind_chosen,
    kind_schemas,
    options_node,
)
from changeover.interfaces.config.shape import INVALID, Schema


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy chosen by name, e.g. "canary", with the options that the file gives it."""

    name: str
    options: object
    function: Callable[..., Plan] = field(repr=False)

    def plan(self, change: Change) -> Plan:
        """What the strategy makes of `change`. Raises ValueError when it cannot."""
        if isinstance(self.options, NoOptions):
            return self.function(change)
        return self.function(change, self.options)


@dataclass(frozen=True)
class NoOptions:
    """A strategy without options."""


def options_record(function: Callable[..., Plan]) -> Record:
    """The shape of the options that `function(change, options)` takes.

    Raises TypeError when it takes something else, or options that no file can hold.
    """
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) == 1:
        return record_of(NoOptions)
    if len(parameters) != 2:
        raise TypeError(f"takes {len(parameters)} arguments, not a change and options")
    options = get_type_hints(function).get(parameters[1])
    if not isinstance(options, type):
        raise TypeError(f"the type of its `{parameters[1]}` is not declared")
    return record_of(options)


class StrategyShape:
    """`strategy: rolling`, or a mapping with the strategy's name under `kind` beside its options.

    Only the strategy that is named gets imported, so that a broken plug-in hurts nobody else.
    """

    def read(self, node: Node, problems: Problems) -> Any:
        name = kind_chosen(node, registry.names("strategy"), problems)
        if name is None:
            return INVALID
        try:
            function = registry.load("strategy", name)
            record = options_record(function)
        except ConfigurationError as error:
            problems.at(node, error.message, hint=error.hint)
            return INVALID
        except (TypeError, NameError) as error:
            problems.at(node, f"the strategy {name} cannot be used: {error}")
            return INVALID
        options = record.read(options_node(node), problems)
        return INVALID if options is INVALID else Strategy(name, options, function)

    def schema(self, definitions: Schema) -> Schema:
        records = {
            name: options_record(registry.load("strategy", name))
            for name in registry.names("strategy")
        }
        return {"oneOf": kind_schemas(records, definitions)}

    def written(self, value: Strategy) -> object:
        options = options_record(value.function).written(value.options)
        return {KIND: value.name, **options} if isinstance(options, dict) else value.name

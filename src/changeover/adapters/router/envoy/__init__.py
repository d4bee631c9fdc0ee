"""Envoy as the router: a small agent beside the proxy, and a client that speaks to it.

The agent (`agent/`) starts Envoy, feeds it over a unix socket and keeps the last applied
snapshot on disk, so traffic flows on when the controller or the agent is down. Everything
outside `agent/` is what a controller needs to reach it, and is cheap to import.
"""

"""The process beside Envoy: starts it, feeds it, and answers a local API.

Envoy outlives the agent. A killed agent is replaced by `changeover proxy start`, which adopts
the running Envoy and serves it the snapshot from disk.
"""

"""The proxies in front of services."""

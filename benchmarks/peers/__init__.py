"""Proxies that do the same blue/green switch, each in the way its own manual says."""

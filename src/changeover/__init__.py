"""Takes a running service from one version to the next while its users notice nothing."""

__version__ = "0.1.0"

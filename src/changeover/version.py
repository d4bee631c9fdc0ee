"""Which version of changeover this is; alone, so that no floor needs the package's face."""

__version__ = "0.1.0"

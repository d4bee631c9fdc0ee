"""From what the user asks to a plan that is proved safe."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants shipped.

    version:  a name for it; "" takes one from git or from the content.
    artifact: path, instead of the one in the service's file.
    anew:     also when the very same release serves already.
    """

    version: str = ""
    artifact: Path | None = None
    anew: bool = False

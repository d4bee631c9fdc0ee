"""A process of the example shop."""

import signal
import subprocess
from dataclasses import dataclass


@dataclass
class RunningShop:
    """A shop's process and where it listens."""

    process: subprocess.Popen[str]
    url: str

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

"""Starts a program as a child of nobody: `python -I -S launch.py LOG PROGRAM ARGUMENT...`.

Envoy asks the kernel to be ended when its parent ends (PR_SET_PDEATHSIG, in its hot restart
code), but it is to outlive the agent. So this small process stands between them: it forks, says
the new process id and exits; only when it is gone the fork becomes the program.
"""

import os
import sys
import time


def main(log: str, command: list[str]) -> None:
    """Print the process id of the program that is about to run."""
    launcher = os.getpid()
    pid = os.fork()
    if pid:
        print(pid, flush=True)  # noqa: T201 - the answer to whoever launches
        os._exit(0)
    os.setsid()
    while os.getppid() == launcher:
        time.sleep(0.001)
    sink = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.chdir("/")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

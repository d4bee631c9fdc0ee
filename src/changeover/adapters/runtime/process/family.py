"""A replica's process and everything it started in its group. Used by the keeper and by `stop`."""

import os
import signal

from changeover.adapters.runtime.process.identity import Identity, send
from changeover.adapters.runtime.process.table import marked, members


class Family:
    """The processes of one replica. Signals reach this family or nobody.

    Our own child stays unreaped until `bury`, so its pid, which is its group's number too, cannot
    be given to anybody else meanwhile. A family that was adopted is known by its leader's
    identity and, once the leader has ended, by the mark in its members' environment.
    """

    def __init__(self, leader: Identity, *, mark: str, own: bool) -> None:
        self.leader, self.own, self._mark = leader, own, mark

    def leader_ended(self) -> bool:
        return not self.leader.alive()

    def gone(self) -> bool:
        """Nobody of the family runs any more."""
        return self.leader_ended() and not self._left_behind()

    def signal(self, signum: int) -> None:
        """Signal every member of the group."""
        if send(self.leader, signum, group=True):
            return
        for member in self._left_behind():
            send(member, signum, group=False)

    def bury(self) -> str:
        """Reap the leader; returns how it ended, e.g. "exited with 1". Only once it has ended."""
        if not self.own:
            return "ended"
        try:
            return described(os.waitpid(self.leader.pid, 0)[1])
        except ChildProcessError:
            return "ended"

    def _left_behind(self) -> list[Identity]:
        pid = self.leader.pid
        if self.own:
            return [Identity(seen.pid, seen.started) for seen in members(pid)]
        return [
            Identity(seen.pid, seen.started) for seen in marked(self._mark) if seen.group == pid
        ]


def lost_family(mark: str) -> Family | None:
    """The family whose record was lost (a full disk, say), found by its mark; None if none."""
    for seen in marked(mark):
        if seen.pid == seen.group:
            return Family(Identity(seen.pid, seen.started), mark=mark, own=False)
    return None


def described(status: int) -> str:
    """A wait status in words."""
    if not os.WIFSIGNALED(status):
        return f"exited with {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    try:
        return f"was ended by {signal.Signals(number).name}"
    except ValueError:
        return f"was ended by signal {number}"

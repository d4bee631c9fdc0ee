"""Controllers on a stage: start a run, let its process die, take it over, look at the end."""

from collections.abc import Callable
from dataclasses import dataclass, field

from changeover.domain.event import Event, EventKind
from changeover.domain.plan import Plan
from changeover.domain.replica import ReplicaId
from changeover.domain.route import Route
from changeover.domain.run import Claim, Phase, Run, RunKind, RunStatus, Signal, SignalKind
from changeover.execution.attention import Attention
from changeover.execution.carrying import Carrying
from changeover.execution.hands import Hands
from changeover.execution.ledger import Ledger
from changeover.execution.ports import Journal, Notifier
from changeover.execution.run import carry_out
from changeover.testing.fakes import FakeChecker, FakeMetrics, FakeRouter, FakeRuntime, Listener
from changeover.testing.journal import MemoryJournal
from changeover.testing.lifeline import Lifeline
from changeover.testing.mortal import MortalJournal
from changeover.testing.world import World, no_fault

RUN = "r1"
LEASE_S = 15.0


@dataclass(frozen=True, slots=True)
class End:
    """Where a run has ended: what must be the same however often its process died."""

    status: RunStatus
    running: frozenset[ReplicaId]
    route: Route | None


def as_they_are(hands: Hands) -> Hands:
    """The default: every controller has the fakes themselves."""
    return hands


@dataclass(slots=True)
class Stage:
    """One world, one journal, and one controller after the other.

    arm:           may exchange adapters of each new controller.
    notifiers:     hear of events beside `listener`.
    journal_fault: asked before and after each call to the journal; may raise.
    tell:          hears of every event in words.
    """

    world: World
    plan: Plan
    journal: MemoryJournal = field(init=False)
    listener: Listener = field(default_factory=Listener)
    controllers: int = 0
    journal_fault: Callable[[str], None] = no_fault
    tell: Callable[[str], None] = no_fault
    arm: Callable[[Hands], Hands] = as_they_are
    notifiers: tuple[Notifier, ...] = ()

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(self.world.clock.now, self.world.clock.monotonic)

    async def send(self, event: Event) -> None:
        """The `Notifier` port: keep the event, and pass its sentence on to `tell`."""
        await self.listener.send(event)
        self.tell(f"{event.kind}: {event.text}")

    async def begin(self, life: Lifeline | None = None, *, waits: bool = False) -> Run:
        """Create the run and carry it out. Raises Died when `life` ends before."""
        life = life or Lifeline()
        claim = await self._mortal(life).create(
            run_id=RUN,
            kind=RunKind.DEPLOY,
            plan=self.plan,
            owner=self._owner(),
            lease_s=LEASE_S,
            who="ann",
        )
        return await carry_out(self.carrying(claim, life, waits=waits))

    async def take_over(
        self, life: Lifeline | None = None, *, abort_because: str = "", waits: bool = False
    ) -> Run:
        """Wait until the lease is over, claim the run, and carry it on."""
        life = life or Lifeline()
        run = await self.journal.run(RUN)
        if not run.status.active:
            return run
        await self.world.clock.sleep(max(run.lease_until - self.world.clock.now() + 0.1, 0.0))
        claim = await self._mortal(life).claim(RUN, owner=self._owner(), lease_s=LEASE_S)
        return await carry_out(self.carrying(claim, life, waits=waits), abort_because=abort_because)

    def carrying(self, claim: Claim, life: Lifeline, *, waits: bool = False) -> Carrying:
        world, fence = self.world, claim.fence
        hands = self.arm(
            Hands(
                runtime=FakeRuntime(world, fence, life),
                router=FakeRouter(world, fence, life),
                metrics=FakeMetrics(world, fence, life),
                checker=FakeChecker(world, fence, life),
                clock=world.clock,
            )
        )
        attention = Attention(claim, world.clock, world.clock.monotonic() + LEASE_S)
        ledger = Ledger(
            self._mortal(life),
            claim,
            world.clock,
            attention,
            LEASE_S,
            (self, *self.notifiers),
        )
        return Carrying(ledger, hands, waits=waits)

    async def say(self, kind: SignalKind, who: str = "bob") -> None:
        """A person says something to the run."""
        await self.journal.signal(RUN, Signal(kind, who))

    def told(self, kind: EventKind) -> list[Event]:
        """What the controllers have told of this kind, in order."""
        return [event for event in self.listener.events if event.kind is kind]

    async def end(self) -> End:
        run = await self.journal.run(RUN)
        return End(run.status, frozenset(self.world.processes), self.world.route)

    async def attempts(self) -> dict[tuple[Phase, int], int]:
        """How often each step was started."""
        run = await self.journal.run(RUN)
        return {(s.phase, s.index): s.attempt for s in run.steps}

    def _mortal(self, life: Lifeline) -> Journal:
        return MortalJournal(self.journal, life, lambda call: self.journal_fault(call))

    def _owner(self) -> str:
        self.controllers += 1
        self.tell(f"controller {self.controllers} begins")
        return f"controller-{self.controllers}"

"""What is not as the journal will remember it, once a run is closed in the middle."""

from changeover.domain.observed import Observed
from changeover.domain.plan import Change
from changeover.domain.replica import ReplicaId
from changeover.planning.expected import Expected, ReplicaGone, RouteChanged, drift
from changeover.planning.words import route_words
from changeover.planning.world import first_world


def left_behind(change: Change, observed: Observed) -> tuple[str, ...]:
    """What a person must look after when `change` is given up, one sentence each; none when all
    is as it was before it: the next deployment begins there."""
    world = first_world(change)
    before = frozenset(ReplicaId(change.service, *place) for place in world.alive)
    wanted = Expected(alive=before, members=before, known=before, routes=(world.route,))
    found = []
    for one in drift(wanted, observed):
        match one:
            case ReplicaGone(replica=replica):
                found.append(f"{replica} served before the run and does not run")
            case RouteChanged():
                was = route_words(one.expected)
                found.append(f"the proxy sends {route_words(one.found)}; before the run: {was}")
            case _:
                found.append(f"{one.replica} runs and did not serve before the run")
    return tuple(found)

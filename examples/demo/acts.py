"""What the demo shows: four ways from one version to the next."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One deployment.

    strategy: the lines of the service's file below `strategy:`; `{bake}` and `{keep}` are its
              times in seconds.
    why:      what to look at, in a sentence or two.
    taken:    whether the new version is good, and serves at the end.
    """

    title: str
    old: str
    new: str
    file: str
    strategy: str
    why: str
    taken: bool = True

    @property
    def command(self) -> str:
        """What a person types to do the same; "" when nothing is deployed."""
        if not self.new:
            return ""
        return f"changeover deploy {self.new} --artifact releases/{self.new} --file {self.file}"


BROKEN = "v5-slow"

_CANARY = """
  kind: canary
  steps:
    - weight: 20%
      bake: {bake}s
    - weight: 50%
      bake: {bake}s
  extend: 30s
  gates:
    - kind: readiness
    - kind: error_ratio
      limit: 1%
      min_requests: 20
    - kind: latency
      quantile: 0.9
      limit: 200ms
      min_requests: 20
"""

FIRST = Act(
    title="first deployment",
    old="",
    new="v1",
    file="rolling.yml",
    strategy="",
    why="Three replicas of a small shop behind Envoy. There are no users yet.",
)

CALM = Act(
    title="users arrive",
    old="v1",
    new="",
    file="",
    strategy="",
    why="About 120 requests a second: GET, POST, 300 ms pages, HTTP/2, new connections and "
    "websockets. No client ever tries again, so each request that is lost will show.",
)

ACTS = (
    Act(
        title="rolling update",
        old="v1",
        new="v2",
        file="rolling.yml",
        strategy="\n  kind: rolling\n  batch: 1\n  surge: 1\n",
        why="One replica after the other. Each old one stops only when its new one serves "
        "and its last request is answered.",
    ),
    Act(
        title="blue/green switch",
        old="v2",
        new="v3",
        file="blue-green.yml",
        strategy="\n  kind: blue_green\n  keep: {keep}s\n",
        why="A full second set, checked on a preview that users cannot see. One switch takes "
        "everybody over. The old set waits: going back would be one switch, too.",
    ),
    Act(
        title="canary",
        old="v3",
        new="v4",
        file="canary.yml",
        strategy=_CANARY,
        why="A fifth of the requests first, then half. At each share v4 must prove itself by "
        "its errors and response times, as the proxy counts them.",
    ),
    Act(
        title="canary of a bad release",
        old="v4",
        new=BROKEN,
        file="canary.yml",
        strategy=_CANARY,
        why="v5-slow takes 400 ms longer for everything. It starts, it is healthy, it passes "
        "its checks. Only real traffic shows it, so only a canary finds it.",
        taken=False,
    ),
)

SERVICE = """\
service: shop
artifact: releases/v1
command: python3 shop.py --port {{port}}
listen: 127.0.0.1:{port}
replicas: 3
drain: 2s
idle_timeout: 4s
health:
  path: /health
  interval: 250ms
checks:
  - name: products
    kind: http
    path: /products
    contains: teapot
strategy:{strategy}"""


def service_file(act: Act, *, port: int, bake_s: int, keep_s: int) -> str:
    """The whole `changeover.yml` of `act`, for users who come to `port`."""
    strategy = act.strategy.replace("{bake}", str(bake_s)).replace("{keep}", str(keep_s))
    return SERVICE.format(port=port, strategy=strategy or " rolling\n")

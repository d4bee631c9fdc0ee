"""What became of one act."""

from dataclasses import dataclass

from examples.demo.acts import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """exit_code: of the command. cause: why it went back, or what it said about its failure."""

    act: Act
    exit_code: int
    cause: str
    took_s: float

    @property
    def as_meant(self) -> bool:
        """A good release was taken, or a bad one was sent back to the stable version."""
        return self.exit_code == (0 if self.act.taken else 1)

    @property
    def versions(self) -> str:
        """What serves now, in short."""
        act = self.act
        if not act.old:
            return f"{act.new} serves"
        if self.exit_code == 0:
            return f"{act.old} to {act.new}"
        return f"back on {act.old} by itself" if self.exit_code == 1 else "it is not clear"

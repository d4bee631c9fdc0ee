"""One request on its way."""


class Exchange:
    """A request that is due, and what became of it. Times are seconds of `time.monotonic`
    (an event loop's own time may be rounded to milliseconds).

    Made thousands of times a second, hence slots and no dataclass machinery.
    """

    __slots__ = ("deadline_s", "due_s", "number", "sent_s")

    def __init__(self, number: int, *, due_s: float, deadline_s: float) -> None:
        self.number = number
        self.due_s = due_s
        self.sent_s = 0.0
        self.deadline_s = deadline_s

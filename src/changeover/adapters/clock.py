"""The time of this machine."""

import asyncio
import time


class SystemClock:
    """The `Clock` port."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

"""Wakes whoever waits for something to change."""

import asyncio


class Signal:
    """Many may wait; each `fire` wakes all who wait at that moment."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Wake all who wait now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Return at the next `fire`."""
        await self._event.wait()

"""The fence: who has lost the run can change nothing, not even by acting late."""

import asyncio
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.fence import Fence
from changeover.domain.service import ServiceId
from changeover.execution.errors import FencedOff, TargetUnreachable


def fence(tmp_path: Path) -> Fence:
    return Fence(tmp_path / "state" / "fence", ServiceId("test", "shop"))


async def enter(gate: Fence, number: int) -> None:
    async with gate.passed(number):
        pass


def test_numbers_may_rise_and_repeat_but_never_fall(tmp_path: Path) -> None:
    async def story() -> None:
        for number in (0, 3, 3, 12):
            await enter(fence(tmp_path), number)
        with pytest.raises(FencedOff, match=r"12.*ours is 3"):
            await enter(fence(tmp_path), 3)

    asyncio.run(story())


def test_a_higher_number_waits_until_who_is_inside_has_finished(tmp_path: Path) -> None:
    async def story() -> None:
        async with fence(tmp_path).passed(1):
            newer = asyncio.create_task(enter(fence(tmp_path), 2))
            await asyncio.sleep(0.2)
            assert not newer.done()
        await newer

    asyncio.run(story())


def test_the_same_number_goes_on_side_by_side(tmp_path: Path) -> None:
    async def story() -> None:
        async with fence(tmp_path).passed(4), fence(tmp_path).passed(4):
            pass

    asyncio.run(story())


def test_who_fails_inside_leaves_the_fence_open_for_the_next(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(ValueError, match="inside"):
            async with fence(tmp_path).passed(1):
                raise ValueError("inside")
        await enter(fence(tmp_path), 2)

    asyncio.run(story())


def test_a_file_that_holds_no_number_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "fence").write_text("???")
    with pytest.raises(TargetUnreachable, match="fence"):
        asyncio.run(enter(fence(tmp_path), 1))

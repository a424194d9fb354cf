from typing import Any

from runtime.process.health import Health, answer


async def readyz(health: Health) -> tuple[int, str]:
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await answer(health, "/readyz", send)
    return said[0]["status"], said[1]["body"].decode()


async def test_a_ready_service_adds_its_warnings_as_further_lines() -> None:
    warnings: list[str | None] = [None]
    health = Health(is_ready=True, warnings=[lambda: warnings[-1]])

    assert await readyz(health) == (200, "ok\n")
    warnings.append("NATS refused x")
    assert await readyz(health) == (200, "ok\nNATS refused x\n")


async def test_a_service_that_cannot_work_says_what_it_waits_for() -> None:
    async def is_there() -> bool:
        return False

    health = Health(is_ready=False, checks={"database": is_there})

    assert await readyz(health) == (503, "waiting for: starting, database\n")

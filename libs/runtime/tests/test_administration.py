"""An operator's connection to a real NATS: an unused stream, and refusals as expected errors."""

import pytest

from contracts.errors import UnavailableError
from contracts.topology import DEAD_LETTERS_STREAM
from runtime.bus.nats_config import PROVISIONER
from runtime.bus.replays import replay_all
from runtime.provision import administration

from .fleet import Fleet


async def test_a_stream_that_never_held_a_letter_has_none_to_replay(fleet: Fleet) -> None:
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        assert [one async for one in replay_all(jetstream)] == []


async def test_a_refusal_of_nats_is_an_expected_error(fleet: Fleet) -> None:
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await jetstream.delete_stream(DEAD_LETTERS_STREAM)
    with pytest.raises(UnavailableError, match=r"NATS refuses: .*stream not found"):
        await fleet.letters()

from collections.abc import Iterator

import pytest

from comfyfleet.client.api import FleetClient
from contracts.values import new_id

from .conftest import Answer, Script

JOB_ID = new_id()


@pytest.fixture
def client(fleet: Script) -> Iterator[FleetClient]:
    client = FleetClient(fleet.url, "token")
    yield client
    client.close()


def received(fleet: Script, client: FleetClient, text: str) -> list[tuple[str, str, str]]:
    """Event, data and id of everything that arrives when the fleet sends `text`."""
    answer = Answer(text.encode(), content_type="text/event-stream")
    fleet.on(f"GET /v1/jobs/{JOB_ID}/events", answer)
    return [(event.event, event.data, event.id) for event in client.job_events(JOB_ID, None)]


def test_events_have_their_name_data_and_id(fleet: Script, client: FleetClient) -> None:
    text = 'data: x\n\nid: 3\nevent: job.started\ndata: {"a": 1}\n\n: comment\n\n'
    assert received(fleet, client, text) == [
        ("message", "x", ""),
        ("job.started", '{"a": 1}', "3"),
    ]


def test_an_event_that_the_end_of_the_stream_cut_off_is_dropped(
    fleet: Script, client: FleetClient
) -> None:
    assert received(fleet, client, 'event: job.completed\ndata: {"half"') == []


def test_a_retry_hint_alone_is_no_event(fleet: Script, client: FleetClient) -> None:
    assert received(fleet, client, "retry: 2000\n\n") == []

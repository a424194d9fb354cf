"""An outage of a service is told from a fault of the node."""

import pytest

from contracts.errors import InvalidError, NotFoundError, OperationError, UnavailableError
from node_agent.handlers.inputs import is_away
from node_agent.ports import NoSpaceError, StoreAwayError, TransferError, UrlRefusedError
from runtime.bus.bucket import UnreadableValueError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnavailableError("nobody answers"), True),
        (StoreAwayError("the store answered 503"), True),
        (UnreadableValueError("too old"), False),
        (NoSpaceError("the agent's disk is full"), False),
        (UrlRefusedError("the clock of this machine is wrong"), False),
        (TransferError("a file is bigger than announced"), False),
        (NotFoundError("the media was deleted"), False),
        (InvalidError("no media"), False),
    ],
)
def test_other_nodes_fare_no_better_while_a_service_is_away(
    error: OperationError, expected: bool
) -> None:
    assert is_away(error) == expected

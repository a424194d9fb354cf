"""Nobody alone takes the places of everybody."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from webhooks.domain.records import Candidate
from webhooks.domain.shares import Shares, chosen, full

SHARES = Shares(in_all=12, of_owner=5, of_receiver=2)

candidates = st.lists(
    st.builds(
        Candidate,
        id=st.uuids(),
        owner_id=st.sampled_from([UUID(int=number) for number in range(4)]),
        host=st.sampled_from(["a", "b", "c"]),
    ),
    max_size=40,
    unique_by=lambda one: one.id,
)


@given(candidates, candidates)
def test_the_shares_hold_and_what_is_left_out_has_a_full_holder(
    due: list[Candidate], before: list[Candidate]
) -> None:
    running = chosen(before, [], SHARES)
    started = chosen(due, running, SHARES)
    together = running + started

    assert len(together) <= SHARES.in_all
    assert max(Counter(one.owner_id for one in together).values(), default=0) <= SHARES.of_owner
    receivers = Counter((one.owner_id, one.host) for one in together)
    assert max(receivers.values(), default=0) <= SHARES.of_receiver
    full_owners, full_receivers = full(together, SHARES)
    for one in due:
        if one not in together and len(together) < SHARES.in_all:
            assert one.owner_id in full_owners or (one.owner_id, one.host) in full_receivers


def test_what_runs_is_not_started_again() -> None:
    one = Candidate(UUID(int=1), UUID(int=2), "a")
    assert chosen([one], [one], SHARES) == []

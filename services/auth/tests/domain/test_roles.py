from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auth.domain.roles import BUILT_IN, Role, changed_role, role_from, role_of
from contracts.access import LimitOverrides, Limits, Permission, granted
from contracts.auth.roles import RoleChanges, RoleContent

from ..fakes import a_user  # noqa: TID252  shared by these tests alone

patterns = st.lists(st.text("ab*-", min_size=1, max_size=6), max_size=3).map(tuple)
overrides = st.builds(LimitOverrides, max_waiting_jobs=st.none() | st.integers(0, 9))
contents = st.builds(
    RoleContent,
    permissions=st.lists(st.sampled_from(list(Permission)), max_size=5),
    limits=overrides,
    workflows=patterns,
    models=patterns,
)


@given(contents)
def test_a_role_comes_back_as_it_was_stored(content: RoleContent) -> None:
    role = role_of("shop", content)
    assert role_from("shop", role.stored()) == role
    assert role.permissions == granted(content.permissions)


@given(contents, contents)
def test_a_change_of_everything_is_another_role_and_one_of_nothing_the_first(
    before: RoleContent, after: RoleContent
) -> None:
    role = role_of("shop", before)
    everything: dict[str, Any] = dict(after)
    assert changed_role(role, RoleChanges()) == role
    assert changed_role(role, RoleChanges(**everything)) == role_of("shop", after)


@given(overrides, overrides)
def test_limits_of_a_user_go_before_those_of_the_role(
    of_user: LimitOverrides, of_role: LimitOverrides
) -> None:
    user = a_user(role=Role("shop", limits=of_role), own_limits=of_user)
    chosen = (of_user.max_waiting_jobs, of_role.max_waiting_jobs, Limits().max_waiting_jobs)
    assert user.limits.max_waiting_jobs == next(one for one in chosen if one is not None)


def test_a_role_of_a_later_version_keeps_what_this_one_knows() -> None:
    stored = BUILT_IN["user"].stored()
    later = stored | {"permissions": ["jobs:run", "films:direct"]}
    assert role_from("shop", later).permissions == granted(["jobs:run"])
    assert role_from("later", None).permissions == frozenset()
    assert role_from("admin", None) is BUILT_IN["admin"]

from uuid import uuid4

from contracts.auth import Principal
from contracts.services import PRINCIPALS
from runtime.outbox.bucket_sync import corrections
from runtime.outbox.messages import delete, put


def test_a_bucket_gets_exactly_what_it_lacks() -> None:
    right, wrong, missing = (Principal(user_id=uuid4(), role="user") for _ in range(3))
    wanted = {"right": right, "wrong": wrong, "missing": missing}
    present = {"right": right, "wrong": missing, "gone": right}

    assert corrections(PRINCIPALS, wanted, present) == [
        put(PRINCIPALS, "wrong", wrong),
        put(PRINCIPALS, "missing", missing),
        delete(PRINCIPALS, "gone"),
    ]

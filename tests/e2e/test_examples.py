"""The reference shows requests that a new fleet accepts as they stand."""

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("/v1/workflows/propose", "ProposalRequest"),
        ("/v1/workflows/validate", "WorkflowRequest"),
        ("/v1/workflows", "WorkflowRequest"),
        ("/v1/jobs", "JobRequest"),
    ],
)
def test_the_example_of_a_request_is_accepted(path: str, example: str, api: httpx.Client) -> None:
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    answer = api.post(path, json=schemas[example]["examples"][0])
    assert answer.is_success, answer.text

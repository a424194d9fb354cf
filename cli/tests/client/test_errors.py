import httpx

from comfyfleet.client.errors import api_error


def test_every_wrong_field_is_named() -> None:
    body = {
        "title": "Invalid",
        "detail": "2 inputs are wrong",
        "errors": [
            {"path": "inputs.steps", "message": "at most 150"},
            {"path": "inputs.seed", "message": "not a number"},
        ],
    }
    error = api_error(httpx.Response(422, json=body))
    assert str(error).splitlines() == [
        "2 inputs are wrong",
        "  inputs.steps: at most 150",
        "  inputs.seed: not a number",
    ]
    assert error.status == 422


def test_one_sentence_is_not_said_twice() -> None:
    said = "there is no workflow nosuch"
    body = {"detail": said, "errors": [{"path": "workflow", "message": said}]}
    assert str(api_error(httpx.Response(404, json=body))) == said


def test_an_answer_that_is_no_problem_document_is_still_a_sentence() -> None:
    error = api_error(httpx.Response(502, text="<html>bad gateway</html>"))
    assert str(error) == "the fleet answered 502"


def test_a_refused_token_says_which_variable_to_set() -> None:
    assert "COMFYFLEET_API_KEY" in str(api_error(httpx.Response(401, json={"detail": "expired"})))

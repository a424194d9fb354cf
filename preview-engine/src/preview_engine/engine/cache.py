"""Keeps the results of the previous prompt, by signature."""

from collections.abc import Collection

from preview_engine.classes.result import Result


class ResultCache:
    """Holds the results of one prompt; drops those that the next prompt does not use."""

    def __init__(self) -> None:
        self._results: dict[str, Result] = {}

    def keep_only(self, signatures: Collection[str]) -> None:
        wanted = set(signatures)
        self._results = {key: value for key, value in self._results.items() if key in wanted}

    def get(self, signature: str) -> Result | None:
        return self._results.get(signature)

    def put(self, signature: str, result: Result) -> None:
        self._results[signature] = result

    def clear(self) -> None:
        self._results.clear()

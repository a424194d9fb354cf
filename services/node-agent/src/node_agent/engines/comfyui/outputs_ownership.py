"""Decides which of the files that ComfyUI reports the attempt wrote itself.

They lie in the attempt's own folder. Some savers choose their path themselves: ComfyUI runs one
prompt at a time, so a file that was written while the prompt ran is the prompt's own. Any other
may be another user's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx

from node_agent.engines.comfyui.http import ComfyHttp
from node_agent.engines.comfyui.outputs import ReportedFile, files_in
from node_agent.handlers.retry import retried
from workflows.json_values import as_object

MOST_LOOKUPS = 100
LOOKUP_SECONDS = 60.0
ETAG = re.compile(r'"([0-9a-f]{1,20})-[0-9a-f]+"')
FOREIGN = "cf/"
"""Folder of all attempts: nothing of another attempt is ever taken."""
LAG_SECONDS = 1.0
"""A file may be closed after the graph node that wrote it has ended."""


def lies_below(folder: str, subfolder: str) -> bool:
    """Return whether it is the folder, or lies below it, also inside a saver's own folder."""
    return f"/{folder}/" in f"/{subfolder}/"


@dataclass(frozen=True, slots=True)
class Ownership:
    """The folder and the time of one prompt, in epoch seconds of the server's clock."""

    prefix: str
    began: float | None
    seconds: float | None

    def is_placed(self, file: ReportedFile) -> bool:
        """Tell whether the file lies in the attempt's folder, also below a saver's own folder.

        PreviewImage takes no prefix; its random name lies in temp/ itself.
        """
        is_preview = file.folder == "temp" and not file.subfolder
        return is_preview or lies_below(self.prefix, file.subfolder)

    def is_candidate(self, file: ReportedFile) -> bool:
        return not self.is_placed(file) and not f"{file.subfolder}/".startswith(FOREIGN)

    def covers(self, written_at: float) -> bool:
        if self.began is None or self.seconds is None:
            return False
        return self.began <= written_at <= self.began + self.seconds + LAG_SECONDS


async def written_elsewhere(
    http: ComfyHttp, own: Ownership, produced: Mapping[str, Any]
) -> frozenset[ReportedFile]:
    """Return the reported files outside the attempt's folder that the prompt wrote."""
    found: set[ReportedFile] = set()
    for file in islice(candidates(produced.values(), own), MOST_LOOKUPS):
        headers = await retried(lambda file=file: http.headers(file), within=LOOKUP_SECONDS)
        if (written_at := written_time(headers)) is not None and own.covers(written_at):
            found.add(file)
    return frozenset(found)


def candidates(reports: Iterable[object], own: Ownership) -> dict[ReportedFile, None]:
    files = (file for report in reports for file in files_in(as_object(report)))
    return dict.fromkeys(file for file in files if own.is_candidate(file))


def written_time(headers: httpx.Headers | None) -> float | None:
    """Read the time of the last change from the ETag, which aiohttp makes of nanoseconds and size.

    `Last-Modified` has whole seconds: the prompt before may have written in the same one.
    """
    found = ETAG.fullmatch(headers.get("etag", "")) if headers else None
    return int(found[1], 16) / 1e9 if found else None

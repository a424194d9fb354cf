"""Rewrites texts as the editor does when it sends them: dynamic prompts, file name prefixes."""

import re
from typing import Any

from workflows.convert.javascript import browser_text
from workflows.convert.scopes import Scope
from workflows.json_values import as_object

SAVERS = frozenset({
    "SaveImage", "SaveImageAdvanced", "SaveSVGNode", "SaveVideo", "SaveAnimatedWEBP", "SaveWEBM",
    "SaveAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced", "SaveGLB", "Save3DAdvanced",
    "SaveGaussianSplat", "SavePointCloud", "SaveAnimatedPNG", "CLIPSave", "VAESave", "ModelSave",
    "LoraSave", "SaveLatent",
})  # fmt: skip
MOST_REWRITTEN = 1_000
"""Characters of a prefix, or of a value within it; a longer one is no file name and stays."""
PLACEHOLDER = re.compile(r"%([^%]+)%")
NOT_IN_FILE_NAMES = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
COMMENT = re.compile(r"/\*|//[^\n\r\u2028\u2029]*")
LINE_COMMENT = re.compile(r"//[^\n\r\u2028\u2029]*")
PROMPT_TOKEN = re.compile(r"\\[{}|]|\\.|[{}|]", re.DOTALL)
DATE_PART = re.compile(r"yyyy|yy?|MM?|dd?|hh?|mm?|ss?")
SERVER_DATE = {
    "y": "%year%",
    "M": "%month%",
    "d": "%day%",
    "h": "%hour%",
    "m": "%minute%",
    "s": "%second%",
}
"""ComfyUI's placeholders (folder_paths.py) for the date of the run, not of the conversion."""


def first_choices(text: str) -> str:
    """Return a dynamic prompt with the first of each `{one|two}`.

    The editor draws one at random, but a stored workflow must give the same graph every time.
    """
    text = without_comments(text)
    kept: list[str] = []
    blocks: list[bool] = []
    position = hidden = 0
    for token in PROMPT_TOKEN.finditer(text):
        if not hidden:
            kept.append(text[position : token.start()])
        position = token.end()
        mark = token[0]
        if mark == "{":
            blocks.append(False)
        elif mark == "}" and blocks:
            hidden -= blocks.pop()
        elif mark == "|" and blocks:
            hidden += not blocks[-1]
            blocks[-1] = True
        elif not hidden:
            kept.append(mark[1:] if mark[0] == "\\" and mark[1] in "{}|" else mark)
    if not hidden:
        kept.append(text[position:])
    return "".join(kept)


def without_comments(text: str) -> str:
    kept: list[str] = []
    position = 0
    while found := COMMENT.search(text, position):
        start, end = found.span()
        if found[0] == "/*":
            close = text.find("*/", end)
            if close < 0:
                kept.append(text[position : start + 1])
                kept.append(LINE_COMMENT.sub("", text[start + 1 :]))
                return "".join(kept)
            end = close + 2
        kept.append(text[position:start])
        position = end
    return "".join(kept) + text[position:]


class Placeholders:
    """Replaces `%Node.widget%` and `%date:…%` as the editor does in file names."""

    def __init__(self, scopes: list[Scope]) -> None:
        self.by_name: dict[str, dict[str, Any]] = {}
        self.by_title: dict[str, dict[str, Any]] = {}
        for scope in scopes:
            for id_, node in scope.graph.nodes.items():
                if (name := name_for_replace(node.saved.type, node.saved.properties)) is not None:
                    self.by_name.setdefault(name, scope.values[id_])
                self.by_title.setdefault(node.title, scope.values[id_])

    def replace(self, text: str) -> str:
        if len(text) > MOST_REWRITTEN:
            return text
        return PLACEHOLDER.sub(self.replaced, text)

    def replaced(self, found: re.Match[str]) -> str:
        kind, colon, form = found[1].partition(":")
        if kind == "date" and colon:
            return DATE_PART.sub(lambda part: SERVER_DATE[part[0][0]], form)
        node, dot, widget = found[1].partition(".")
        values = self.by_name.get(node, self.by_title.get(node))
        if not dot or "." in widget or values is None or widget not in values:
            return found[0]
        value = values[widget]
        text = "" if value is None else browser_text(value)
        return NOT_IN_FILE_NAMES.sub("_", text) if len(text) <= MOST_REWRITTEN else found[0]


def name_for_replace(class_name: str, properties: object) -> str | None:
    """Return the name that `%Node.widget%` looks for first."""
    name = as_object(properties).get("Node name for S&R")
    if isinstance(name, str) and name:
        return name
    return None if class_name in SAVERS else class_name

"""Decides which GPU servers the local fleet uses."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from comfyfleet import CommandError
from runtime.supervision.probe import answers_ok

USUAL_PORT = 8188


@dataclass(frozen=True, slots=True)
class Engines:
    urls: tuple[str, ...]
    reason: str
    is_managed: bool = False
    """The agent starts them itself."""

    @property
    def is_preview(self) -> bool:
        return not self.urls and not self.is_managed


async def choose(configured: str, command: str = "") -> Engines:
    """Choose `COMFYUI_URLS` and what the agent starts by `command`.

    Else choose a ComfyUI on its usual port, else the preview engine.
    """
    if command:
        return Engines(parse(configured), "ComfyUI, started by the agent", is_managed=True)
    if urls := parse(configured):
        return Engines(urls, f"{', '.join(urls)} (from COMFYUI_URLS)")
    if await answers_ok(USUAL_PORT, "/system_stats"):
        url = f"http://127.0.0.1:{USUAL_PORT}"
        return Engines((url,), f"the ComfyUI that answers on {url}")
    return Engines(
        (),
        "the preview engine, which needs no GPU and paints placeholders "
        "(set COMFYUI_URLS to use real ComfyUI servers)",
    )


def parse(configured: str) -> tuple[str, ...]:
    """Split at commas and spaces; check each address, drop trailing slashes and doubles."""
    found: dict[str, None] = {}
    for url in configured.replace(",", " ").split():
        check(url)
        found[url.rstrip("/")] = None
    return tuple(found)


def check(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise CommandError(
            f"COMFYUI_URLS has “{url}”, which is no address of a ComfyUI. "
            "It should look like http://10.0.0.7:8188"
        )

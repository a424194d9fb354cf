import pytest

from comfyfleet import CommandError, engines


async def test_configured_servers_win_and_doubles_are_dropped() -> None:
    chosen = await engines.choose("http://a:8188/, http://b:8188 http://a:8188")
    assert chosen.urls == ("http://a:8188", "http://b:8188")
    assert not chosen.is_preview
    assert "COMFYUI_URLS" in chosen.reason


@pytest.mark.parametrize("url", ["a:8188", "ftp://a", "http://", "http://a:99999", "http://[x"])
def test_what_is_no_address_is_named(url: str) -> None:
    with pytest.raises(CommandError, match="no address of a ComfyUI"):
        engines.parse(f"http://good:8188 {url}")


async def test_servers_that_the_agent_starts_replace_the_preview_engine() -> None:
    chosen = await engines.choose("http://a:8188", "python main.py")
    assert chosen.urls == ("http://a:8188",)
    alone = await engines.choose("", "python main.py")
    assert (alone.urls, alone.is_preview) == ((), False)

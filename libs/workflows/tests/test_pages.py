"""The committed pages are what the specs say."""

from pathlib import Path

from workflows.docs.pages import load_folder, main, pages

ROOT = Path(__file__).parents[3]
PAGES = pages(load_folder(ROOT / "workflows"))


def test_the_pages_are_up_to_date() -> None:
    committed = {path.name: path.read_text() for path in (ROOT / "docs" / "workflows").glob("*")}

    assert committed == PAGES


def test_a_page_tells_what_to_install_and_what_may_be_left_out() -> None:
    page = PAGES["flux_wavespeed.md"]

    assert "https://github.com/city96/ComfyUI-GGUF" in page
    [model] = [line for line in page.splitlines() if "[flux1-schnell-Q4_K_S.gguf](https://" in line]
    assert "`models/diffusion_models`" in model
    assert "`lora` takes any of `models/loras`" in page
    assert "| `FBC_optimize` | boolean | `true` |" in page
    assert "* `lora` absent or `None`: `LoraLoaderModelOnly` is bypassed." in page


def test_pages_of_workflows_that_are_gone_go_too(tmp_path: Path) -> None:
    (tmp_path / "long_gone.md").write_text("old")

    main(ROOT / "workflows", tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == PAGES.keys()

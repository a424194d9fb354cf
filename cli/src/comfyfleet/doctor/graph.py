"""A job that any ComfyUI can run: two pictures, no model, no GPU."""

from typing import Any

SIDE = 64
SCALED = 96


def probe_graph(uploaded: str, prefix: str) -> dict[str, Any]:
    """Save a plain picture; scale the uploaded one and preview it. API format."""
    return {
        "1": node("EmptyImage", width=SIDE, height=SIDE, batch_size=1, color=0x2A6F97),
        "2": node("SaveImage", images=["1", 0], filename_prefix=prefix),
        "3": node("LoadImage", image=uploaded),
        "4": node(
            "ImageScale",
            image=["3", 0],
            upscale_method="bilinear",
            width=SCALED,
            height=SCALED,
            crop="disabled",
        ),
        "5": node("PreviewImage", images=["4", 0]),
    }


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}

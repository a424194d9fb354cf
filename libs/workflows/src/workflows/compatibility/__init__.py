"""Compatibility of graphs and specs with ComfyUI servers, judged by their `object_info`."""

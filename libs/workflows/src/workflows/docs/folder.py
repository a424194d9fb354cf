"""A folder of workflows read at once, for what is made from the shipped ones: pages and tests."""

from pathlib import Path

from workflows.spec.load import WorkflowVersion, load_version

LIBRARY = "library"


def load_folder(folder: Path) -> dict[str, WorkflowVersion]:
    """Every workflow by its file's name, each with the folder's parameter library."""
    library = (folder / f"{LIBRARY}.yaml").read_text(encoding="utf-8")
    specs = sorted(path for path in folder.glob("*.yaml") if path.stem != LIBRARY)
    return {path.stem: load_version(*texts_of(path), library) for path in specs}


def texts_of(spec: Path) -> tuple[str, str]:
    graph = spec.with_suffix(".graph.json")
    return spec.read_text(encoding="utf-8"), graph.read_text(encoding="utf-8")

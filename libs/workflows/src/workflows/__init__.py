"""Workflow specs, rendering, and what a graph needs: pure.

A *version* is a ComfyUI graph, untouched, plus a spec beside it (docs: Workflow Spec v1).

    load_version      texts → checked WorkflowVersion, named by its hash
    inputs_schema     spec → JSON Schema of the inputs
    validate_inputs   spec, what a caller sent → complete Inputs, or every problem
    render            graph, spec, Inputs → the graph that runs
    needs             graph → model files, classes and input files
    to_api            what ComfyUI's editor saves, object_info → graph
    seal              graph, prefix → harmless on a shared server
"""

from workflows.fits import misfits
from workflows.lacks import lacks
from workflows.load import WorkflowVersion, load_raw, load_version
from workflows.needs import Needs, needs
from workflows.render import render
from workflows.save_format import is_save_format, to_api
from workflows.schema import inputs_schema
from workflows.seal import seal
from workflows.spec import Spec
from workflows.validate import Inputs, MediaUse, media_uses, recorded_seed, validate_inputs

__all__ = [
    "Inputs",
    "MediaUse",
    "Needs",
    "Spec",
    "WorkflowVersion",
    "inputs_schema",
    "is_save_format",
    "lacks",
    "load_raw",
    "load_version",
    "media_uses",
    "misfits",
    "needs",
    "recorded_seed",
    "render",
    "seal",
    "to_api",
    "validate_inputs",
]

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

from workflows.compatibility.fits import misfits
from workflows.compatibility.lacks import lacks
from workflows.convert import is_save_format, to_api
from workflows.graph.needs import Needs, needs
from workflows.graph.render import render
from workflows.graph.seal import seal
from workflows.inputs.json_schema import inputs_schema
from workflows.inputs.validation import Inputs, MediaUse, media_uses, recorded_seed, validate_inputs
from workflows.spec.load import WorkflowVersion, load_raw, load_version
from workflows.spec.spec import Spec

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

"""Workflow specs and graphs: pure functions and models, without I/O.

A *version* is a ComfyUI graph, unchanged, and a spec beside it (docs: Workflow Spec v1).

    load_version      texts → checked WorkflowVersion, named by its hash
    load_graph        text → graph that can run, without a spec
    inputs_schema     spec → JSON Schema of the inputs
    validate_inputs   spec, a caller's inputs → complete Inputs, or Invalid with every problem
    render            graph, spec, Inputs → the graph that runs
    requirements      graph → model files, classes and input files that it requires
    unmet             graph, a server's object_info → requirements that the server lacks
    to_api            ComfyUI's save format, object_info → graph
    seal              graph, prefix → graph that cannot harm other jobs on a shared server

The packages import downwards only, checked by import-linter:

    authoring  docs               drafts and comparisons for authors; pages of the shipped workflows
    versions                      loading: completion and checks of graph and spec together
    compatibility  convert        graphs and specs against `object_info`; save format → API format
    inputs                        JSON Schema, validation and rendering of a job's inputs
    spec  graph                   models of the spec; graphs in API format
"""

from workflows.compatibility.unmet import unmet
from workflows.convert import to_api
from workflows.graph.requirements import Requirements, requirements
from workflows.graph.seal import seal
from workflows.inputs.json_schema import inputs_schema
from workflows.inputs.render import render
from workflows.inputs.validation import Inputs, MediaUse, media_uses, recorded_seed, validate_inputs
from workflows.spec.spec import Spec
from workflows.versions.version import WorkflowVersion, load_graph, load_version

__all__ = [
    "Inputs",
    "MediaUse",
    "Requirements",
    "Spec",
    "WorkflowVersion",
    "inputs_schema",
    "load_graph",
    "load_version",
    "media_uses",
    "recorded_seed",
    "render",
    "requirements",
    "seal",
    "to_api",
    "unmet",
    "validate_inputs",
]

"""Records OpenTelemetry traces: reads W3C context, sends spans to a collector or to a file.

The head of a trace decides once whether it is sampled. A span that is not sampled still carries
its ids into logs and messages, at a fraction of the cost.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module

from opentelemetry import context, propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind

from runtime.process.settings import FleetSettings

tracer = trace.get_tracer("comfyfleet")


def configure_traces(settings: FleetSettings, service: str) -> TracerProvider:
    """Let `tracer` record; the caller shuts the provider down to flush it."""
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.trace_ratio),
        resource=Resource.create({"service.name": service}),
        shutdown_on_exit=False,
    )
    if settings.otlp_endpoint:
        # on demand, since importing it takes 0.14 s (measured)
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        exporter = otlp.OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    if settings.trace_file:
        lines = ConsoleSpanExporter(out=settings.trace_file.open("a"), formatter=json_line)
        provider.add_span_processor(SimpleSpanProcessor(lines))
    trace.set_tracer_provider(provider)
    return provider


def json_line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


def carry() -> dict[str, str]:
    """Return headers (`traceparent`, `tracestate`) that continue the current trace elsewhere."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Mapping[str, str] | None = None,
    attributes: Mapping[str, str | int | float | bool] | None = None,
) -> Generator[trace.Span, None, None]:
    """Open a span under the current one, or under the headers of `parent` if they are given."""
    remote = propagate.extract(dict(parent)) if parent is not None else context.get_current()
    with tracer.start_as_current_span(name, remote, kind=kind, attributes=attributes) as opened:
        yield opened

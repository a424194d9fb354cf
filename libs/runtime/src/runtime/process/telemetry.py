"""Records OpenTelemetry traces: reads W3C context, sends spans to a collector or to a file.

The head of a trace decides once whether it is sampled. A span that is not sampled still carries
its ids into logs and messages, at a fraction of the cost.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from opentelemetry import context, propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind

from runtime.process.settings import FleetSettings

tracer = trace.get_tracer("comfyfleet")


class FileSpanExporter(SpanExporter):
    """Appends spans to a file, one JSON object on each line, for use without a collector."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._path.open("a") as file:
            file.writelines(f"{span.to_json(indent=None)}\n" for span in spans)
        return SpanExportResult.SUCCESS


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
        provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(settings.trace_file)))
    trace.set_tracer_provider(provider)
    return provider


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

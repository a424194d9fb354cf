"""Sends spans to an OTLP collector in batches."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def processor(endpoint: str) -> BatchSpanProcessor:
    """Return what sends spans to the collector at `endpoint`, e.g. `http://collector:4318`."""
    return BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces"))

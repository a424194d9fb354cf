"""Pure HTTP: problems, ranges, caching, strict bodies, access, the OpenAPI document."""

"""REST API, version 4: one module per resource."""

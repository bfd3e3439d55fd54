"""The bus on a NATS server."""

"""How the venue writes: words, numbers, errors, schemas and payloads (pure)."""

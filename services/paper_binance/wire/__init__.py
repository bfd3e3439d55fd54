"""How the venue writes: words, numbers, errors, parameters and payloads."""

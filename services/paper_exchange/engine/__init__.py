"""Orders, fills and accounts behind both paper venues (pure)."""

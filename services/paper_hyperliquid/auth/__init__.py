"""Who signed a request, for whom it acts, and whether it is admitted (pure)."""

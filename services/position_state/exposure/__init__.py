"""What is filled and not hedged yet, computed from the log by somebody else than the hedger."""

"""What runs a pure fold over the log."""

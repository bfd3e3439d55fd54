"""The shared client: what a strategy imports."""

"""The bus in one process, for tests and simulations."""

"""Live local copies of the state services' pages."""

"""The shared command line: tandem …."""

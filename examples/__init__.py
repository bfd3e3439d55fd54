"""What can be run: the walkthrough, chaos and the benchmarks."""

"""What can be run: the walkthrough, the benchmark, and strategies to start from."""

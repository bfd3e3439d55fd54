"""The deployables: one package a process; none imports another."""

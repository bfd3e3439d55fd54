"""Chaos: real processes, two copies of everything, killed at random while hedges run; an oracle."""

"""The hedger's fold: from a logged fact to what follows from it (pure)."""

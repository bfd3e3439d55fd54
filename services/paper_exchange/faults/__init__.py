"""What can be made to go wrong, by chance or by script (pure)."""

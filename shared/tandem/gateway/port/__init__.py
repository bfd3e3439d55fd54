"""What a venue's `protocol/` provides, and how what it says is judged (pure)."""

"""How much is sent, when it is tried again, and which settings enter a number (pure)."""

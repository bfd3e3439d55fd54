"""The shared half of every gateway: sending, reconciling, pre-trade checks."""

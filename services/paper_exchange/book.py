"""What the tape displays: price levels that stay uncrossed although no snapshot starts them."""

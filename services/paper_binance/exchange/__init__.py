"""The exchange's state and what orders and the tape do to it."""

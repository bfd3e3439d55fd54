"""The exchange's state and what actions and the tape do to it."""

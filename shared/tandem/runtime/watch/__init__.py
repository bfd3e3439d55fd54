"""What tells a person of a log that grows and of a wait that lasts."""

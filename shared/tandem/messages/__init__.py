"""The shared wire contract: every message that crosses the bus, its subject and its bytes."""

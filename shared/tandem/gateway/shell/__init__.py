"""What waits: the log, the wire, the lease."""

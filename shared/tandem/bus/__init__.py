"""The shared bus: the log and the request/reply ports; the only package that imports NATS."""

"""Requests over REST and the WebSocket API, and their answers."""

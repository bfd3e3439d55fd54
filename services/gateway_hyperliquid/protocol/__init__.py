"""Hyperliquid's words and rules as pure functions: bytes to messages, signing, error outcomes."""

"""Answers to /info questions (pure)."""

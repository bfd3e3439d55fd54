"""The venue's language (pure): bytes to messages, signatures, and what an answer proves."""

"""What waits on the venue: sessions, questions, backfills."""

"""What a tape displays: books, trades, instruments, intervals (pure)."""

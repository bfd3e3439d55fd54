"""What is known of one account, from the log and from its stream (pure)."""

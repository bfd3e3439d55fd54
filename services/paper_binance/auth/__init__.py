"""Who may ask, how it is signed, and how much of it."""

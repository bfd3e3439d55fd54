"""What the control port shows, and what it makes go wrong."""

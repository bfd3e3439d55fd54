"""The /ws connections, and what they tell when."""

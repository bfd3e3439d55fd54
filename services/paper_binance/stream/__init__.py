"""Stream connections, and what they tell when."""

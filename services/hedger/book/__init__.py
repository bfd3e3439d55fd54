"""What is owed and what is on its way, bucket by bucket (pure)."""

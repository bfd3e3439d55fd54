"""What is sent and when: orders, cancels, prices, the lease (pure)."""

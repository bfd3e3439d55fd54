"""The benchmark: fill-to-taker latency against the plumbing's floor, rates, memory."""

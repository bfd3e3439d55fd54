"""The shared hedging rules: what an order has proven, what a fill calls for, who covers whom."""

"""The walkthrough: the whole system shown in five steps, each asserting what it shows."""

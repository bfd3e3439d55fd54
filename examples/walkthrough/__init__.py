"""The walkthrough: the whole system shown in six steps, each asserting what it shows."""

"""The shared vocabulary and rules of trading: standard library only, no I/O."""

"""What a run is measured by: waits, recoveries, takeovers, the last line."""

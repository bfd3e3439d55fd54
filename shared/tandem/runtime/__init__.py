"""The shared bootstrap of every service: configuration, folds, health, logs, clocks."""

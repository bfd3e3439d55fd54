"""Tandem: order management for orders whose legs move together."""

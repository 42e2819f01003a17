"""Searches for the settings that win on validation."""

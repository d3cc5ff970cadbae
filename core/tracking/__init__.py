"""Logging from anyone's own loop: calls that return at once, and one thread that stores what they told."""

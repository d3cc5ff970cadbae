"""Opens files and connections."""

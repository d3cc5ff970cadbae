"""Other programs' stores of runs: what lies under a path, and the process that reads it (`__main__`)."""

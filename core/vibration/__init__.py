"""Mathematics on vibration signals: numpy and scipy in, arrays and small records out."""

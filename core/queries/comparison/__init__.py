"""Two to fifty experiments side by side: what differs, how they learned, who is better and how surely."""

"""Everything between the socket and the pages: middleware, guards, adjustments."""

"""The read side: frozen rows and arrays for each explorer; nothing here changes a row."""

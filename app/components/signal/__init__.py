"""The pictures of one record; each is told how to look at it and knows no data source."""

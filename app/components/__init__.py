"""Small reusable views; they are handed data and know no source of it."""

"""Networks, windows and the trainer; the one package that imports torch."""

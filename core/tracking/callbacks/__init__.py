"""One module a training library, which it imports; each logs a training of that library as an experiment."""

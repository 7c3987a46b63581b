"""The embedded default: a private broker, workers and Flower on this machine."""

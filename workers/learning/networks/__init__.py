"""Networks in Keras: runtime settings, architectures, training loop, predictor."""

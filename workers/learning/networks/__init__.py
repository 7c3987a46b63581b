"""Networks in Keras: architectures, training loop, predictor. The only room that imports TensorFlow."""

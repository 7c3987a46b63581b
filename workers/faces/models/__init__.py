"""Model files, their conversion to ONNX, and the runtimes that run them."""

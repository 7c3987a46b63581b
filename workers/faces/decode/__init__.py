"""Untrusted bytes to pixels: the only room that opens an image file."""

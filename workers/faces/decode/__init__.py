"""Untrusted bytes to pixels: the only folder that decodes an image file."""

"""Landmarks, and the pictures of a face that are cut out with them."""

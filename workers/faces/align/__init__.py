"""Landmarks, and the face chips that are cut out with them."""

"""Verification of pairs of photos: the protocol of Labeled Faces in the Wild on the faces that the engine encodes.

pairs.txt ▶ catalogue of the photos named ▶ (images queue: encodings, cached) ▶ distances ▶ verdict
"""

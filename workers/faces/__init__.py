"""Pixels to faces: read, detect, landmarks, align, encode.

A photo's bytes enter at `images.read_image`; `engine.FaceEngine` is the five steps as one sentence. Nothing here
knows of queues or storage's files.
"""

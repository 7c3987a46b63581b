"""Face chip to embedding: 128 measurements."""

"""Face chip to embedding."""

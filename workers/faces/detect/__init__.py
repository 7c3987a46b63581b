"""Find the faces of a photo, and choose those that count."""

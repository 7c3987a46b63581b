"""Where the faces of a photo are, and which of them count."""

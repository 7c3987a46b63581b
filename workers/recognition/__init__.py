"""A fitted configuration at work: faces → names, with a threshold below which a face is nobody's."""

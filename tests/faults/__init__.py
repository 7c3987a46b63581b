"""What may go wrong, done on purpose: after each fault the tables are those of an undisturbed run."""

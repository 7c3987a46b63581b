"""What was asked: the experiment file, validated and frozen."""

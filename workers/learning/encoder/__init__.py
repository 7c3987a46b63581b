"""An encoder trained by triplets: mining, training, checkpoints."""

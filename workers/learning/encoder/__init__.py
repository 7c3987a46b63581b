"""An own face encoder, trained with a triplet loss: mining, training, checkpoints, and its use."""

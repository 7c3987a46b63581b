"""The command `lineup`: arguments and terminal text only; the work is done in the other rooms."""

"""The commands of `lineup`: arguments in, words out; what they do is elsewhere."""

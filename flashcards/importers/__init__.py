"""Import notes, cards and reviews from other programs."""

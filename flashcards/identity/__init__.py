"""Which note is which: notes seen now against notes known before, the surest rules first."""

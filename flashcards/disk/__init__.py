"""Write files atomically, and compute their digests."""

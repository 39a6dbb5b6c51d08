"""What keeps the store small and in order, for years."""

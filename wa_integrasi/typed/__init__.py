"""What people type, read: words that compare, numbers, days and patterns."""

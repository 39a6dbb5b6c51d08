"""What becomes of the messages that people write: routed, answered for, classified; their files fetched and kept."""

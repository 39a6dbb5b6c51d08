"""What each channel tells of a message, in one shape; a part that makes no sense is left out, never the message."""

"""The Bot API: what other programs may ask for, by a key."""

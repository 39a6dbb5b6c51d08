"""Looking back: every message that went out or came in, what it cost, and how long it took. Reads only."""

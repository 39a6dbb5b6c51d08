"""One WhatsApp channel a file: send, verify, parse."""

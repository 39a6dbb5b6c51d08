"""What people send stays theirs: personal data masked, files looked at and scanned, media encrypted."""

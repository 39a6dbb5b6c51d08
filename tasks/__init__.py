"""How a step shows in the Prefect UI: its name, its retries, one log line, an artifact."""

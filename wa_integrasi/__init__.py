"""What WA-Integrasi means: messages, reports, channels and their rules, in plain Python without Prefect."""

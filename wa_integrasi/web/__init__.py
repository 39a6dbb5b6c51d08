"""The ASGI service: webhooks of the providers, health, console. Needs the store and nothing else."""

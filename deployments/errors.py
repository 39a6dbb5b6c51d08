"""The kinds of errors that the command line shows as lines and nothing more."""


class DeploymentError(Exception):
    """Something around the program is not as it must be. Its message is for people."""


class RegistrationError(DeploymentError):
    """Prefect did not take something, or does not have what it must. Its message is for people."""

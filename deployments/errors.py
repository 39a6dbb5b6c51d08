"""The one kind of error that the command line shows as a line and nothing more."""


class DeploymentError(Exception):
    """Something around the program is not as it must be. Its message is for people."""

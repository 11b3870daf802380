"""What can go wrong while running the local stack, each with a text for the person at the terminal."""


class StackError(Exception):
    """Something about the local stack that a person can act on; the message says what and where."""


class DataFolderInUse(StackError):
    """Another process runs a stack on this data folder."""


class ChildFailed(StackError):
    """A child process ended before it was ready, was not ready in time, or crashed too often."""


class StopRequested(Exception):
    """No error: Ctrl-C or SIGTERM came while something was still starting."""

"""The one tree of errors that people are shown: each message names both sides and the next step."""


class BrinellError(Exception):
    """An error whose message is written for the person who caused or meets it."""


class NotFoundError(BrinellError):
    """What was asked for is not stored."""


class ForbiddenError(BrinellError):
    """The actor's role or ownership does not allow the act."""


class ConflictError(BrinellError):
    """The act contradicts what is stored: a taken name, a state that does not allow it."""


class InvalidInputError(BrinellError):
    """What was given contradicts itself or the data."""


class UnreadableFileError(InvalidInputError):
    """A file from outside cannot be read as what it claims to be."""


class TooLargeError(InvalidInputError):
    """What was sent goes beyond a limit of size or number."""


class DiskError(BrinellError):
    """The disk does not take what is written to it."""


class NoSpaceError(DiskError):
    """The disk has no room for what was asked for."""


class SupersededError(BrinellError):
    """Another attempt has taken over this run; the older one must stop writing."""


class LostProcessError(BrinellError):
    """The process that did the work is gone; what it left can be taken up again."""


class DatabaseVersionError(BrinellError):
    """The database's revision and the code's do not match."""


class DatabaseUnavailableError(BrinellError):
    """The database cannot be used: its mend, and whether that passes, so that a repeat may succeed."""

    def __init__(self, message: str, *, mend: str = "", passing: bool = False) -> None:
        super().__init__(message)
        self.mend, self.passing = mend, passing

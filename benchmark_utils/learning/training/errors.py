"""The error that the learnt strategies raise."""


class LearningError(RuntimeError):
    """Training cannot start or go on: the message says why and what to change."""

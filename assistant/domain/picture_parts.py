"""What every reader of picture files needs: bytes that have to be there, and the error where they are not."""


class NoPictureError(ValueError):
    """It is not the picture that it says it is; the message says why."""


def part(raw: bytes, start: int, length: int) -> bytes:
    """So many bytes from `start` on. Raises: NoPictureError where there are fewer."""
    found = raw[start : start + length]
    if len(found) != length:
        raise NoPictureError("it ends too early")
    return found

"""Whether something else of this program has the HAT: nothing has, unless the composition root says otherwise."""


async def at_once() -> None:
    """Nothing to wait for."""

"""Finds out how a hailo-ollama behaves: nothing else tells its releases apart (facts §1.12)."""

from assistant.backends.hailo.asking import Answer, Controls
from assistant.backends.hailo.wire import CHAT
from assistant.domain.control import Control
from assistant.domain.hat_facts import Dialect
from assistant.ports import Patience

_QUESTION: dict[str, object] = {
    "model": "__probe__:0",
    "messages": [{"role": "user", "content": "x"}],
}
"""No model has that name, so nothing is loaded and the server's lock is not taken."""


async def probe(controls: Controls, patience: Patience) -> Dialect:
    """The dialect of the hailo-ollama that is asked. Raises: ServerError.

    5.1 answers with status 200 and an error. Later ones answer 404, but up to 5.3 a list of tools is an error of its own.
    What answers otherwise is taken for newer, where nothing needs a workaround.
    """
    if (await _asked(controls, _QUESTION, patience)).status == 200:
        return Dialect.V5_1
    with_tools = await _asked(controls, {**_QUESTION, "tools": []}, patience)
    return Dialect.V5_3 if with_tools.status == 500 else Dialect.V5_4


async def _asked(controls: Controls, body: dict[str, object], patience: Patience) -> Answer:
    return await controls.ask(controls.permit(Control.LOOK, "POST", CHAT, body), patience)

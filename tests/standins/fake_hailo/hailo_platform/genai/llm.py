"""`LLM` of HailoRT 5.1.0, of 5.1.1 (which can tell and keep its context) and of 5.2 and later (`tools` came second)."""
# ruff: noqa: TID252 - the package runs as `hailo_platform` too, where no `tests` is

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from .._words import Message
from ..pyhailort import _pyhailort
from ..pyhailort._pyhailort import PLAN, LLMGeneratorCompletionStatus
from ..pyhailort.pyhailort import ExceptionWrapper, HailoRTException, VDevice

Prompt = str | Sequence[Mapping[str, object]]
Number = float | None
TEMPLATE = "{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{%- endfor %}"


class LLMGeneratorCompletion:
    """One running generation; leaving its `with` block aborts it."""

    def __init__(self, completion: _pyhailort.Completion) -> None:
        self._completion = completion

    @property
    def generation_status(self) -> LLMGeneratorCompletionStatus:
        """Where it stands."""
        return self._completion.status

    def read(self, timeout_ms: int = 10000) -> str:
        """The next token, the end token too. Raises: HailoRTTimeout, HailoRTInvalidOperationException after the end."""
        with ExceptionWrapper():
            return self._completion.read(timeout_ms)

    def read_all(self, timeout_ms: int = 10000) -> str:
        """All that is left."""
        return "".join(iter(self))

    def release(self) -> None:
        """Gives the device free for the next generation."""
        self._completion.release()

    def __iter__(self) -> Iterator[str]:
        while self.generation_status is LLMGeneratorCompletionStatus.GENERATING:
            yield self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class _LLM:
    """What all releases have in common."""

    def __init__(
        self,
        vdevice: VDevice,
        model_path: str,
        lora_name: str = "",
        optimize_memory_on_device: bool = False,
    ) -> None:
        if not vdevice.is_open:
            raise _pyhailort.fail(6)
        self._llm = _pyhailort.LLMWrapper.create(model_path)

    def tokenize(self, text: str) -> list[int]:
        """Ids of the tokens."""
        return _pyhailort.tokenize(text)

    def clear_context(self) -> None:
        """Forgets the conversation."""
        self._llm.clear()

    def prompt_template(self) -> str:
        """A Jinja template."""
        return TEMPLATE

    def get_stop_tokens(self) -> list[str]:
        """Texts that end a generation."""
        return list(self._llm.stops)

    def set_stop_tokens(self, stop_tokens: list[str]) -> None:
        """Replaces them."""
        self._llm.stops = list(stop_tokens)

    def get_generation_recovery_sequence(self) -> str:
        """What the device takes in after a generation that was cut short."""
        return self._llm.recovery

    def set_generation_recovery_sequence(self, sequence: str) -> None:
        """Replaces it."""
        self._llm.recovery = sequence

    def release(self) -> None:
        """Takes the model off the device."""
        self._llm.text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _start(
        self, prompt: Prompt, options: dict[str, Number], tools: object = None
    ) -> LLMGeneratorCompletion:
        read = prompt if isinstance(prompt, str) else [_message(each) for each in prompt]
        with ExceptionWrapper():
            return LLMGeneratorCompletion(
                self._llm.generate(read, options, tools=tools is not None)
            )


class LLM510(_LLM):
    """5.1.0."""

    def generate(
        self,
        prompt: Prompt,
        temperature: Number = None,
        top_p: Number = None,
        top_k: int | None = None,
        frequency_penalty: Number = None,
        max_generated_tokens: int | None = None,
        do_sample: bool | None = None,
        seed: int | None = None,
    ) -> LLMGeneratorCompletion:
        """Starts a generation."""
        options = dict(locals())
        return self._start(prompt, _options(options))


class _Context(_LLM):
    """What came with 5.1.1."""

    def get_context_usage_size(self) -> int:
        """Tokens in the context; may exceed the capacity."""
        return self._llm.usage()

    def max_context_capacity(self) -> int:
        """Tokens that the window holds."""
        return PLAN.context_tokens

    def save_context(self) -> bytes:
        """The context, for another time."""
        return f"{self._llm.family.name}\0{self._llm.text}".encode()

    def load_context(self, context_data: bytes) -> None:
        """Puts a saved context in the place of this one. Raises: HailoRTInvalidArgumentException for another model's."""
        family, _, text = context_data.decode().partition("\0")
        with ExceptionWrapper():
            if family != self._llm.family.name:
                raise _pyhailort.fail(2)
        self._llm.text = text


class LLM511(_Context, LLM510):
    """5.1.1."""


class LLM520(_Context):
    """5.2.0 and later."""

    def generate(
        self,
        prompt: Prompt,
        tools: object = None,
        temperature: Number = None,
        top_p: Number = None,
        top_k: int | None = None,
        frequency_penalty: Number = None,
        max_generated_tokens: int | None = None,
        do_sample: bool | None = None,
        seed: int | None = None,
    ) -> LLMGeneratorCompletion:
        """Starts a generation."""
        options = dict(locals())
        return self._start(prompt, _options(options), tools)


def _options(given: Mapping[str, object]) -> dict[str, Number]:
    """The numbers among the arguments; one of another kind is refused as the binding refuses it."""
    found: dict[str, Number] = {}
    for name, value in given.items():
        if name not in ("self", "prompt", "tools"):
            if value is not None and not isinstance(value, int | float):
                raise TypeError(f"generate(): incompatible function arguments: {name}={value!r}")
            found[name] = value
    return found


def _message(value: object) -> Message:
    if not isinstance(value, Mapping):
        raise HailoRTException("prompt must be a string or a list of dictionaries")
    content = value["content"]
    if isinstance(content, list):
        content = "".join(part["text"] for part in content if part["type"] == "text")
    return {"role": str(value["role"]), "content": str(content)}


LLM = {"5.1.0": LLM510, "5.1.1": LLM511}.get(PLAN.release, LLM520)

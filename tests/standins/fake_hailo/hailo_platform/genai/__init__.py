"""Language models on the device, with the signatures of the chosen release."""

from .llm import LLM, LLMGeneratorCompletion

__all__ = ["LLM", "LLMGeneratorCompletion"]

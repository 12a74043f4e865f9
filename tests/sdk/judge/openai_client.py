"""A client of OpenAI's SDK, and what its dialects share."""

import httpx2

from judge import strict
from judge.ears import Wire, counts

with strict.solid():
    import openai

strict.forbid_extras("openai.types")

wire = Wire(httpx2)
client = openai.OpenAI(
    api_key="any",
    base_url="http://gateway/v1",
    max_retries=0,
    http_client=openai.DefaultHttpxClient(transport=wire.transport),
)


def usage_of(usage):
    """Chat's usage, and legacy completions'."""
    if usage is None:
        return None
    prompt, output = usage.prompt_tokens_details, usage.completion_tokens_details
    return counts(
        usage.prompt_tokens,
        (prompt.cached_tokens if prompt else 0) or 0,
        usage.completion_tokens,
        (output.reasoning_tokens if output else 0) or 0,
    )

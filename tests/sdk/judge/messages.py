"""Anthropic's Messages, by Anthropic's SDK."""

import json

import typing

import httpx2
import pydantic

from judge import strict
from judge.ears import SSE, Wire, called, counts, data_of, heard, refused

with strict.solid():
    import anthropic
    from anthropic.types import Message, RawMessageStreamEvent, message_content_param, message_create_params

SAID = strict.no_models(message_content_param.MessageContentParam)
strict.forbid_extras("anthropic.types", {"Base64FileInput": str, "MessageContentParam": SAID})
# Providers are called with version 2023-06-01, which still has what the SDK's own has not.
message_create_params.MessageCreateParamsBase.__annotations__.update(
    temperature=typing.Annotated[float, pydantic.Field(le=1)],
    top_p=typing.Annotated[float, pydantic.Field(le=1)],
    top_k=int,
)
for subclass in (message_create_params.MessageCreateParamsNonStreaming, message_create_params.MessageCreateParamsStreaming):
    subclass.__annotations__.update(message_create_params.MessageCreateParamsBase.__annotations__)
REQUEST = pydantic.TypeAdapter(message_create_params.MessageCreateParams)
EVENTS = strict.by_type(RawMessageStreamEvent)
ASK = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]}
FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
          "refusal": "content_filter"}
wire = Wire(httpx2)
client = anthropic.Anthropic(
    api_key="any",
    base_url="http://gateway",
    max_retries=0,
    http_client=anthropic.DefaultHttpxClient(transport=wire.transport),
)


def hear(message, complete=True):
    text, thought, calls = "", "", []
    for block in message.content:
        if block.type == "text":
            text += block.text
        elif block.type == "thinking":
            thought += block.thinking
        elif block.type == "tool_use":
            calls.append(called(block.id, block.name, block.input))
    refusal = message.stop_details and message.stop_details.explanation or ""
    usage = message.usage
    read = usage.cache_read_input_tokens or 0
    prompt = usage.input_tokens + read + (usage.cache_creation_input_tokens or 0)
    details = usage.output_tokens_details
    said = counts(prompt, read, usage.output_tokens, details.thinking_tokens if details else 0)
    finish = FINISH.get(message.stop_reason, message.stop_reason or "")
    return heard(text, thought, calls, finish, said, message.model, complete, refusal)


def whole(body):
    wire.carries(body)
    message = client.messages.create(**ASK)
    strict.check(lambda: Message.model_validate_json(body, strict=True))
    return hear(message)


def stream(body):
    wire.carries(body, SSE)
    with client.messages.stream(**ASK) as events:
        for _ in events:
            pass
        message = events.current_message_snapshot
    complete = False
    for data in data_of(body):
        kind = json.loads(data)["type"]
        complete |= kind == "message_stop"
        if kind != "ping":
            strict.check(lambda: EVENTS[kind].model_validate_json(data, strict=True))
    return hear(message, complete)


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.messages.create(**ASK))


def request(text):
    return strict.problems(lambda: REQUEST.validate_json(text, strict=True), json.loads(text))

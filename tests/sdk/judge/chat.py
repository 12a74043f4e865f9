"""OpenAI's chat dialect, by OpenAI's SDK."""

import json

# First: it makes the SDK's types strict.
from judge.openai_client import client, usage_of, wire  # isort: skip

import pydantic
from openai.types.chat import ChatCompletion, ChatCompletionChunk, completion_create_params

from judge import strict
from judge.ears import SSE, called, data_of, heard, refused

REQUEST = pydantic.TypeAdapter(completion_create_params.CompletionCreateParams)
ASK = {"model": "m", "messages": [{"role": "user", "content": "a"}]}


def hear(completion, complete):
    choice = next(choice for choice in completion.choices if choice.index == 0)
    message = choice.message
    calls = []
    for call in message.tool_calls or []:
        if call.type == "custom":
            calls.append({"id": call.id, "name": call.custom.name, "input": call.custom.input})
        else:
            calls.append(called(call.id, call.function.name, call.function.arguments))
    thought = getattr(message, "reasoning_content", None) or ""
    usage = usage_of(completion.usage)
    return heard(
        message.content or "", thought, calls, choice.finish_reason, usage, completion.model, complete,
        message.refusal or "",
    )


def whole(body):
    wire.carries(body)
    completion = client.chat.completions.create(**ASK)
    strict.check(lambda: ChatCompletion.model_validate_json(body, strict=True))
    return hear(completion, True)


def stream(body):
    wire.carries(body, SSE)
    with client.chat.completions.stream(**ASK, stream_options={"include_usage": True}) as events:
        for _ in events:
            pass
        snapshot = events.current_completion_snapshot
    data = data_of(body)
    for chunk in data:
        if chunk != "[DONE]":
            strict.check(lambda: ChatCompletionChunk.model_validate_json(chunk, strict=True))
    return hear(snapshot, data[-1] == "[DONE]")


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.chat.completions.create(**ASK))


def request(text):
    return strict.problems(lambda: REQUEST.validate_json(text, strict=True), json.loads(text))

"""OpenAI's legacy completions, by OpenAI's SDK."""

import json

# First: it makes the SDK's types strict.
from judge.openai_client import client, usage_of, wire  # isort: skip

import pydantic
from openai.types import Completion, completion_create_params

from judge import strict
from judge.ears import SSE, data_of, heard, refused

REQUEST = pydantic.TypeAdapter(completion_create_params.CompletionCreateParams)
ASK = {"model": "m", "prompt": "a"}


def whole(body):
    wire.carries(body)
    answer = client.completions.create(**ASK)
    strict.check(lambda: Completion.model_validate_json(body, strict=True))
    choice = next(choice for choice in answer.choices if choice.index == 0)
    return heard(choice.text, "", [], choice.finish_reason, usage_of(answer.usage), answer.model)


def stream(body):
    wire.carries(body, SSE)
    text, finish, usage, model = "", "", None, ""
    for chunk in client.completions.create(**ASK, stream=True):
        model, usage = chunk.model, usage_of(chunk.usage) or usage
        for choice in chunk.choices:
            if choice.index == 0:
                text += choice.text
                finish = choice.finish_reason or finish
    data = data_of(body)
    for chunk in data:
        if chunk != "[DONE]":
            check(chunk)
    return heard(text, "", [], finish, usage, model, data[-1] == "[DONE]")


def check(chunk):
    """The SDK has one type for both; only chunks have not finished yet."""
    chunk = pydantic.TypeAdapter(dict).validate_json(chunk)
    for choice in chunk["choices"]:
        if choice["finish_reason"] is None:
            choice["finish_reason"] = "stop"
    strict.check(lambda: Completion.model_validate(chunk, strict=True))


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.completions.create(**ASK))


def request(text):
    return strict.problems(lambda: REQUEST.validate_json(text, strict=True), json.loads(text))

"""Bedrock's Converse, by boto3."""

import base64
import io
import json

import boto3
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.validate import ParamValidator

from judge.ears import called, counts, heard, refused

FRAMES = "application/vnd.amazon.eventstream"
FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls",
          "content_filtered": "content_filter", "guardrail_intervened": "content_filter"}
ASK = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "a"}]}]}


class Session:
    """Answers every request with the bytes at hand."""

    def carries(self, body, kind="application/json", status=200, name=None):
        self.status, self.body = status, body
        self.headers = {"content-type": kind}
        if name:
            self.headers["x-amzn-errortype"] = name

    def send(self, request):
        raw = urllib3.HTTPResponse(io.BytesIO(self.body), self.headers, self.status, preload_content=False)
        return AWSResponse(request.url, self.status, raw.headers, raw)

    def close(self):
        pass


session = Session()
client = boto3.client(
    "bedrock-runtime",
    region_name="us-east-1",
    endpoint_url="http://gateway",
    aws_access_key_id="any",
    aws_secret_access_key="any",
    config=Config(retries={"total_max_attempts": 1}),
)
client._endpoint.http_session = session
MODEL = client.meta.service_model
ANSWER = MODEL.operation_model("Converse").output_shape
EVENTS = MODEL.operation_model("ConverseStream").output_shape.members["stream"].members


def typed(value, shape):
    """JSON as botocore's callers spell it: bytes are bytes."""
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False) and isinstance(value, dict):
        return {key: typed(one, shape.members[key]) if key in shape.members else one for key, one in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [typed(one, shape.member) for one in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: typed(one, shape.value) for key, one in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    if shape.type_name == "float" and isinstance(value, int):
        return float(value)
    return value


def problems(value, shape):
    report = ParamValidator().validate(typed(value, shape), shape)
    return report.generate_report().split("\n") if report.has_errors() else []


def check(value, shape):
    found = problems(value, shape)
    if found:
        raise ValueError("; ".join(found[:4]))


def usage_of(usage):
    read = usage.get("cacheReadInputTokens", 0)
    prompt = usage["inputTokens"] + read + usage.get("cacheWriteInputTokens", 0)
    return counts(prompt, read, usage["outputTokens"], None)


def whole(body):
    session.carries(body)
    answer = client.converse(**ASK)
    check(json.loads(body), ANSWER)
    text, thought, calls = "", "", []
    for block in answer["output"]["message"]["content"]:
        text += block.get("text", "")
        thought += block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
        if "toolUse" in block:
            call = block["toolUse"]
            calls.append(called(call["toolUseId"], call["name"], call["input"]))
    finish = answer["stopReason"]
    usage = answer.get("usage")
    return heard(text, thought, calls, FINISH.get(finish, finish), usage and usage_of(usage), "")


def stream(body):
    session.carries(body, FRAMES)
    text, thought, calls, finish, usage = "", "", {}, "", None
    for event in client.converse_stream(**ASK)["stream"]:
        (kind, said), = event.items()
        delta = said.get("delta", {})
        if kind == "contentBlockStart" and "toolUse" in said["start"]:
            call = said["start"]["toolUse"]
            calls[said["contentBlockIndex"]] = [call["toolUseId"], call["name"], ""]
        elif kind == "contentBlockDelta":
            text += delta.get("text", "")
            thought += delta.get("reasoningContent", {}).get("text", "")
            if "toolUse" in delta:
                calls[said["contentBlockIndex"]][2] += delta["toolUse"]["input"]
        elif kind == "messageStop":
            finish = said["stopReason"]
        elif kind == "metadata":
            usage = usage_of(said["usage"])
        # What the parser took is looked at again: it passes over what it does not know.
        check(said, EVENTS[kind])
    calls = [called(*call) for call in calls.values()]
    return heard(text, thought, calls, FINISH.get(finish, finish), usage, "", bool(finish))


def error(status, body):
    session.carries(body, status=status)
    return refused(lambda: client.converse(**ASK))


def request(text):
    body = json.loads(text)
    body.setdefault("modelId", "m")
    return problems(body, MODEL.operation_model("Converse").input_shape)

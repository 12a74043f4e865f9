"""Drives the gateway with every official Python SDK, over every provider that it can reach.

Arguments: the gateway's URL, and the names of the routes, each of which is one provider's dialect.
"""

import base64
import faulthandler
import importlib
import json
import sys

BASE, ROUTES = sys.argv[1], sys.argv[2:]
SAID = "Grüße aus Köln 🌍"
SAY = f'say:"{SAID}"'
CALL = 'tool:weather {"city": "Köln"} tool:weather {"city": "Bonn"}'
CITIES = [{"city": "Köln"}, {"city": "Bonn"}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SUNNY = "sunny, 21 °C"
# The providers that make vectors, and those that count.
VECTORS = ["openai-chat", "gemini", "cohere", "ollama"]
COUNTS = ["anthropic", "gemini"]
ran = []
# A driver that hangs says where.
faulthandler.dump_traceback_later(120, exit=True)


def check(name, condition, detail=""):
    if not condition:
        sys.exit(f"FAILED {name}: {detail}")
    ran.append(name)


def said(name, text):
    check(name, text == SAID, repr(text))


def city(name, text):
    check(name, isinstance(json.loads(text)["city"], str), repr(text))


def leave(name, stream):
    """Goes away in the middle. Left to the garbage collector, a stream may be closed at a bad time."""
    parts = iter(stream)
    next(parts)
    getattr(stream, "close", getattr(parts, "close", None))()
    ran.append(name)


def raises(name, call, test):
    try:
        call()
    except Exception as error:  # Every SDK has classes of its own.
        check(name, test(error), repr(error))
    else:
        check(name, False, "no error")


def embeds(sdk, embed, routes=VECTORS):
    """`embed(route, texts)` gives a vector for each text."""
    for route in routes:
        first, other, again = embed(route, ["one text", "another", "one text"])
        check(f"{sdk} over {route}: embeddings", list(first) == list(again) != list(other) and len(first) == 16, first)


def chat_like(sdk, create, route, fragments=True):
    """An SDK whose requests are OpenAI's chat dialect: `create(**body)` gives an answer or chunks.

    Without `fragments` it understands only streamed calls that come whole.
    """
    what = f"{sdk} over {route}"
    tool = {"type": "function", "function": {"name": "weather", "description": "Weather now", "parameters": SCHEMA}}
    user = lambda content: [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]
    answer = create(model=route, messages=user(SAY))
    said(f"{what}: plain", answer.choices[0].message.content)
    check(f"{what}: usage", answer.usage.completion_tokens > 0, answer)
    stream = create(model=route, messages=user(SAY), stream=True)
    said(f"{what}: stream", "".join(c.choices[0].delta.content or "" for c in stream if c.choices))

    answer = create(model=route, messages=user(CALL), tools=[tool])
    calls = answer.choices[0].message.tool_calls
    check(f"{what}: tools", [json.loads(call.function.arguments) for call in calls] == CITIES, answer)
    check(f"{what}: finish", answer.choices[0].finish_reason == "tool_calls", answer)
    turn = {"role": "assistant", "content": None, "tool_calls": [
        {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
        for c in calls]}
    results = [{"role": "tool", "tool_call_id": c.id, "content": SUNNY} for c in calls]
    answer = create(model=route, messages=[*user(CALL), turn, *results], tools=[tool])
    check(f"{what}: tool results", "21 °C" in answer.choices[0].message.content, answer)
    parts = {}
    for chunk in create(model=route, messages=user(CALL), tools=[tool], stream=True) if fragments else []:
        for choice in chunk.choices:
            for part in choice.delta.tool_calls or []:
                parts[part.index] = parts.get(part.index, "") + (part.function.arguments or "")
    streamed = [json.loads(text) for text in parts.values()]
    check(f"{what}: streamed tools", streamed == CITIES or not fragments, parts)

    shape = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    answer = create(model=route, messages=user("Where?"), response_format=shape)
    city(f"{what}: structured", answer.choices[0].message.content)
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    answer = create(model=route, messages=user([{"type": "text", "text": SAY}, url]))
    said(f"{what}: image", answer.choices[0].message.content)
    leave(f"{what}: cancel", create(model=route, messages=user(SAY), stream=True))


def with_openai():
    import openai

    client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="any", max_retries=0)
    for route in ROUTES:
        chat_like("openai", client.chat.completions.create, route)
        with_responses(client, route)
        answer = client.completions.create(model=route, prompt=SAY, max_tokens=100)
        said(f"openai completions over {route}: plain", answer.choices[0].text)
        stream = client.completions.create(model=route, prompt=SAY, max_tokens=100, stream=True)
        said(f"openai completions over {route}: stream", "".join(c.choices[0].text for c in stream if c.choices))
    # It asks for base64 and makes numbers of it.
    embeds("openai", lambda model, texts: [v.embedding for v in client.embeddings.create(model=model, input=texts).data])
    gone = lambda error: isinstance(error, openai.NotFoundError) and error.code == "model_not_found"
    raises("openai: error", lambda: client.chat.completions.create(model="none", messages=[{"role": "user", "content": "a"}]), gone)
    raises("openai responses: error", lambda: client.responses.create(model="none", input="a"), gone)


def with_responses(client, route):
    what = f"openai responses over {route}"
    create = client.responses.create
    answer = create(model=route, instructions="Be brief.", input=SAY)
    said(f"{what}: plain", answer.output_text)
    check(f"{what}: usage", answer.usage.output_tokens > 0 and answer.status == "completed", answer)
    with client.responses.stream(model=route, input=SAY) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    said(f"{what}: stream", text)
    said(f"{what}: stream's end", final.output_text)

    tool = {"type": "function", "name": "weather", "description": "Weather now", "parameters": SCHEMA, "strict": False}
    answer = create(model=route, input=CALL, tools=[tool])
    calls = [item for item in answer.output if item.type == "function_call"]
    check(f"{what}: tools", [json.loads(call.arguments) for call in calls] == CITIES, answer)
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": SUNNY} for call in calls]
    turn = [{"type": "function_call", "call_id": c.call_id, "name": c.name, "arguments": c.arguments} for c in calls]
    answer = create(model=route, input=[{"role": "user", "content": CALL}, *turn, *results], tools=[tool])
    check(f"{what}: tool results", "21 °C" in answer.output_text, answer)
    with client.responses.stream(model=route, input=CALL, tools=[tool]) as stream:
        final = stream.get_final_response()
    calls = [item for item in final.output if item.type == "function_call"]
    check(f"{what}: streamed tools", [json.loads(call.arguments) for call in calls] == CITIES, final)

    shape = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
    city(f"{what}: structured", create(model=route, input="Where?", text=shape).output_text)
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
    content = [{"type": "input_text", "text": SAY}, image]
    said(f"{what}: image", create(model=route, input=[{"role": "user", "content": content}]).output_text)
    leave(f"{what}: cancel", create(model=route, input=SAY, stream=True))


def with_anthropic():
    import anthropic

    client = anthropic.Anthropic(base_url=BASE, api_key="any", max_retries=0)
    tool = {"name": "weather", "description": "Weather now", "input_schema": SCHEMA}
    for route in ROUTES:
        what = f"anthropic over {route}"
        asked = {"model": route, "max_tokens": 200, "system": "Be brief."}
        user = lambda content: [{"role": "user", "content": content}]
        answer = client.messages.create(**asked, messages=user(SAY))
        said(f"{what}: plain", answer.content[0].text)
        check(f"{what}: usage", answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer)
        with client.messages.stream(**asked, messages=user(SAY)) as stream:
            said(f"{what}: stream", "".join(stream.text_stream))
        with client.messages.stream(**asked, messages=user(CALL), tools=[tool]) as stream:
            final = stream.get_final_message()
        calls = [block for block in final.content if block.type == "tool_use"]
        check(f"{what}: streamed tools", [call.input for call in calls] == CITIES, final)
        answer = client.messages.create(**asked, messages=user(CALL), tools=[tool])
        calls = [block for block in answer.content if block.type == "tool_use"]
        check(f"{what}: tools", [call.input for call in calls] == CITIES, answer)
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": SUNNY} for call in calls]
        turns = [*user(CALL), {"role": "assistant", "content": answer.content}, *user(results)]
        after = client.messages.create(**asked, messages=turns, tools=[tool])
        check(f"{what}: tool results", "21 °C" in after.content[0].text, after)
        shape = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
        answer = client.messages.create(**asked, messages=user("Where?"), extra_body=shape)
        city(f"{what}: structured", answer.content[0].text)
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
        answer = client.messages.create(**asked, messages=user([{"type": "text", "text": SAY}, image]))
        said(f"{what}: image", answer.content[0].text)
        with client.messages.stream(**asked, messages=user(SAY)) as stream:
            next(iter(stream))
        ran.append(f"{what}: cancel")
    for route in COUNTS:
        counted = client.messages.count_tokens(model=route, system="Be brief.", tools=[tool], messages=user(SAY))
        check(f"anthropic over {route}: count", counted.input_tokens > 4, counted)
    gone = lambda error: isinstance(error, anthropic.NotFoundError)
    raises("anthropic: error", lambda: client.messages.create(model="none", max_tokens=9, messages=[{"role": "user", "content": "a"}]), gone)


def with_groq():
    import groq

    client = groq.Groq(base_url=BASE, api_key="any", max_retries=0)
    for route in ROUTES:
        chat_like("groq", client.chat.completions.create, route)
    raises("groq: error", lambda: client.chat.completions.create(model="none", messages=[{"role": "user", "content": "a"}]),
           lambda error: isinstance(error, groq.NotFoundError))


def with_mistralai():
    from mistralai.client import Mistral

    client = Mistral(server_url=BASE, api_key="any")

    def create(stream=False, **body):
        if not stream:
            return client.chat.complete(**body)
        return (event.data for event in client.chat.stream(**body))

    for route in ROUTES:
        # It wants the function's name in every fragment, and OpenAI says it once.
        chat_like("mistralai", create, route, fragments=False)
    # It wants an id, and OpenAI's vectors, which pass as they are, have none.
    embeds("mistralai", lambda model, texts: [
        v.embedding for v in client.embeddings.create(model=model, inputs=texts).data], VECTORS[1:])
    raises("mistralai: error", lambda: client.chat.complete(model="none", messages=[{"role": "user", "content": "a"}]),
           lambda error: getattr(error, "status_code", 0) == 404)


def with_langchain_openai():
    from langchain_openai import ChatOpenAI

    for route in ROUTES:
        what = f"langchain-openai over {route}"
        model = ChatOpenAI(model=route, base_url=f"{BASE}/v1", api_key="any", max_retries=0)
        said(f"{what}: plain", model.invoke(SAY).content)
        said(f"{what}: stream", "".join(chunk.content for chunk in model.stream(SAY)))
        tool = {"name": "weather", "description": "Weather now", "parameters": SCHEMA}
        bound = model.bind_tools([tool])
        answer = bound.invoke(CALL)
        check(f"{what}: tools", [call["args"] for call in answer.tool_calls] == CITIES, answer)
        whole = None
        for chunk in bound.stream(CALL):
            whole = chunk if whole is None else whole + chunk
        check(f"{what}: streamed tools", [call["args"] for call in whole.tool_calls] == CITIES, whole)
        results = [{"role": "tool", "tool_call_id": call["id"], "content": SUNNY} for call in answer.tool_calls]
        after = bound.invoke([{"role": "user", "content": CALL}, answer, *results])
        check(f"{what}: tool results", "21 °C" in after.content, after)
        shaped = model.with_structured_output({"title": "place", **SCHEMA})
        check(f"{what}: structured", isinstance(shaped.invoke("Where?")["city"], str))
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        content = [{"type": "text", "text": SAY}, image]
        said(f"{what}: image", model.invoke([{"role": "user", "content": content}]).content)
        stream = model.stream(SAY)
        next(stream)
        stream.close()
        ran.append(f"{what}: cancel")
    none = ChatOpenAI(model="none", base_url=f"{BASE}/v1", api_key="any", max_retries=0)
    raises("langchain-openai: error", lambda: none.invoke("a"), lambda error: getattr(error, "status_code", 0) == 404)


def with_google_genai():
    from google import genai
    from google.genai import errors, types

    client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=BASE))
    function = types.FunctionDeclaration(name="weather", description="Weather now", parameters_json_schema=SCHEMA)
    tools = [types.Tool(function_declarations=[function])]
    off = types.AutomaticFunctionCallingConfig(disable=True)
    config = types.GenerateContentConfig(system_instruction="Be brief.", tools=tools, automatic_function_calling=off)
    for route in ROUTES:
        what = f"google-genai over {route}"
        generate, stream = client.models.generate_content, client.models.generate_content_stream
        answer = generate(model=route, contents=SAY)
        said(f"{what}: plain", answer.text)
        check(f"{what}: usage", answer.usage_metadata.candidates_token_count > 0, answer)
        said(f"{what}: stream", "".join(chunk.text or "" for chunk in stream(model=route, contents=SAY)))
        answer = generate(model=route, contents=CALL, config=config)
        check(f"{what}: tools", [dict(call.args) for call in answer.function_calls] == CITIES, answer)
        calls = [call for chunk in stream(model=route, contents=CALL, config=config) for call in chunk.function_calls or []]
        check(f"{what}: streamed tools", [dict(call.args) for call in calls] == CITIES, calls)
        results = [
            types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": SUNNY}))
            for call in answer.function_calls
        ]
        turns = [
            types.Content(role="user", parts=[types.Part(text=CALL)]),
            answer.candidates[0].content,
            types.Content(role="user", parts=results),
        ]
        after = generate(model=route, contents=turns, config=config).text
        check(f"{what}: tool results", "21 °C" in after, after)
        shape = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=SCHEMA)
        city(f"{what}: structured", generate(model=route, contents="Where?", config=shape).text)
        image = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
        said(f"{what}: image", generate(model=route, contents=[SAY, image]).text)
        leave(f"{what}: cancel", stream(model=route, contents=SAY))
    # Of bare strings it makes one content if the model's name has "gemini" in it.
    contents = lambda texts: [types.Content(parts=[types.Part(text=text)]) for text in texts]
    embeds("google-genai", lambda model, texts: [
        v.values for v in client.models.embed_content(model=model, contents=contents(texts)).embeddings])
    for route in COUNTS:
        counted = client.models.count_tokens(model=route, contents=SAY)
        check(f"google-genai over {route}: count", counted.total_tokens > 4, counted)
    raises("google-genai: error", lambda: client.models.generate_content(model="none", contents="a"),
           lambda error: isinstance(error, errors.ClientError) and error.code == 404)


def with_boto3():
    import boto3
    from botocore.config import Config

    # It sends a key to nobody but over TLS; a signature says less.
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=BASE, config=once,
                          aws_access_key_id="any", aws_secret_access_key="any")
    tools = {"tools": [{"toolSpec": {"name": "weather", "description": "Weather now", "inputSchema": {"json": SCHEMA}}}]}
    user = lambda *content: {"role": "user", "content": list(content)}
    text = lambda answer: "".join(part.get("text", "") for part in answer["output"]["message"]["content"])

    def streamed(**asked):
        words, calls = "", {}
        for event in client.converse_stream(**asked)["stream"]:
            delta = event.get("contentBlockDelta", {})
            words += delta.get("delta", {}).get("text", "")
            if "toolUse" in delta.get("delta", {}):
                index = delta["contentBlockIndex"]
                calls[index] = calls.get(index, "") + delta["delta"]["toolUse"]["input"]
        return words, [json.loads(call) for call in calls.values()]

    for route in ROUTES:
        what = f"boto3 over {route}"
        asked = {"modelId": route, "system": [{"text": "Be brief."}]}
        answer = client.converse(**asked, messages=[user({"text": SAY})])
        said(f"{what}: plain", text(answer))
        check(f"{what}: usage", answer["usage"]["outputTokens"] > 0, answer)
        said(f"{what}: stream", streamed(**asked, messages=[user({"text": SAY})])[0])
        answer = client.converse(**asked, messages=[user({"text": CALL})], toolConfig=tools)
        message = answer["output"]["message"]
        calls = [part["toolUse"] for part in message["content"] if "toolUse" in part]
        check(f"{what}: tools", [call["input"] for call in calls] == CITIES, answer)
        _, inputs = streamed(**asked, messages=[user({"text": CALL})], toolConfig=tools)
        check(f"{what}: streamed tools", inputs == CITIES, inputs)
        results = [{"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": SUNNY}]}} for call in calls]
        answer = client.converse(**asked, messages=[user({"text": CALL}), message, user(*results)], toolConfig=tools)
        check(f"{what}: tool results", "21 °C" in text(answer), answer)
        shape = {"name": "place", "schema": json.dumps(SCHEMA)}
        shape = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": shape}}}
        city(f"{what}: structured", text(client.converse(**asked, messages=[user({"text": "Where?"})], outputConfig=shape)))
        image = {"image": {"format": "png", "source": {"bytes": base64.b64decode(PIXEL)}}}
        said(f"{what}: image", text(client.converse(**asked, messages=[user({"text": SAY}, image)])))
        stream = client.converse_stream(**asked, messages=[user({"text": SAY})])["stream"]
        next(iter(stream))
        stream.close()
        ran.append(f"{what}: cancel")
    raises("boto3: error", lambda: client.converse(modelId="none", messages=[user({"text": "a"})]),
           lambda error: error.response["ResponseMetadata"]["HTTPStatusCode"] == 404)


def with_ollama():
    import ollama

    client = ollama.Client(host=BASE)
    tool = {"type": "function", "function": {"name": "weather", "description": "Weather now", "parameters": SCHEMA}}
    user = lambda content, **more: [{"role": "user", "content": content, **more}]
    for route in ROUTES:
        what = f"ollama over {route}"
        answer = client.chat(model=route, messages=user(SAY))
        said(f"{what}: plain", answer.message.content)
        stream = client.chat(model=route, messages=user(SAY), stream=True)
        said(f"{what}: stream", "".join(chunk.message.content or "" for chunk in stream))
        answer = client.chat(model=route, messages=user(CALL), tools=[tool])
        inputs = [dict(call.function.arguments) for call in answer.message.tool_calls]
        check(f"{what}: tools", inputs == CITIES, answer)
        stream = client.chat(model=route, messages=user(CALL), tools=[tool], stream=True)
        calls = [call for chunk in stream for call in chunk.message.tool_calls or []]
        check(f"{what}: streamed tools", [dict(call.function.arguments) for call in calls] == CITIES, calls)
        results = [{"role": "tool", "tool_name": "weather", "content": SUNNY} for _ in inputs]
        after = client.chat(model=route, messages=[*user(CALL), answer.message, *results], tools=[tool])
        check(f"{what}: tool results", "21 °C" in after.message.content, after)
        city(f"{what}: structured", client.chat(model=route, messages=user("Where?"), format=SCHEMA).message.content)
        said(f"{what}: image", client.chat(model=route, messages=user(SAY, images=[PIXEL])).message.content)
        leave(f"{what}: cancel", client.chat(model=route, messages=user(SAY), stream=True))
    embeds("ollama", lambda model, texts: client.embed(model=model, input=texts).embeddings)
    raises("ollama: error", lambda: client.chat(model="none", messages=user("a")),
           lambda error: isinstance(error, ollama.ResponseError) and error.status_code == 404)


def with_cohere():
    import cohere

    client = cohere.ClientV2(api_key="any", base_url=BASE)
    tool = {"type": "function", "function": {"name": "weather", "description": "Weather now", "parameters": SCHEMA}}
    user = lambda content: [{"role": "user", "content": content}]
    for route in ROUTES:
        what = f"cohere over {route}"
        answer = client.chat(model=route, messages=user(SAY))
        said(f"{what}: plain", answer.message.content[0].text)
        check(f"{what}: usage", answer.usage.tokens.output_tokens > 0, answer)
        words = ""
        for event in client.chat_stream(model=route, messages=user(SAY)):
            if event.type == "content-delta":
                words += event.delta.message.content.text or ""
        said(f"{what}: stream", words)
        answer = client.chat(model=route, messages=user(CALL), tools=[tool])
        calls = answer.message.tool_calls
        check(f"{what}: tools", [json.loads(call.function.arguments) for call in calls] == CITIES, answer)
        inputs = {}
        for event in client.chat_stream(model=route, messages=user(CALL), tools=[tool]):
            if event.type == "tool-call-delta":
                inputs[event.index] = inputs.get(event.index, "") + event.delta.message.tool_calls.function.arguments
        check(f"{what}: streamed tools", [json.loads(text) for text in inputs.values()] == CITIES, inputs)
        turn = {"role": "assistant", "tool_calls": [call.model_dump() for call in calls]}
        results = [{"role": "tool", "tool_call_id": call.id, "content": SUNNY} for call in calls]
        after = client.chat(model=route, messages=[*user(CALL), turn, *results], tools=[tool])
        check(f"{what}: tool results", "21 °C" in after.message.content[0].text, after)
        shape = {"type": "json_object", "json_schema": SCHEMA}
        city(f"{what}: structured", client.chat(model=route, messages=user("Where?"), response_format=shape).message.content[0].text)
        url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        answer = client.chat(model=route, messages=user([{"type": "text", "text": SAY}, url]))
        said(f"{what}: image", answer.message.content[0].text)
        leave(f"{what}: cancel", client.chat_stream(model=route, messages=user(SAY)))
    embeds("cohere", lambda model, texts: client.embed(
        model=model, texts=texts, input_type="search_document", embedding_types=["float"]).embeddings.float_)
    raises("cohere: error", lambda: client.chat(model="none", messages=user("a")),
           lambda error: getattr(error, "status_code", 0) == 404)


SDKS = {
    "openai": with_openai,
    "anthropic": with_anthropic,
    "groq": with_groq,
    "mistralai": with_mistralai,
    "langchain_openai": with_langchain_openai,
    "google.genai": with_google_genai,
    "boto3": with_boto3,
    "ollama": with_ollama,
    "cohere": with_cohere,
}
wanted = ROUTES.pop(0).split(",")
for name in wanted:
    importlib.import_module(name)
    before = len(ran)
    SDKS[name]()
    print(f"{name}: {len(ran) - before} checks over {len(ROUTES)} providers")
print("all passed")

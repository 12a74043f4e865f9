"""What every judge says it heard, and how answers come to an SDK without a server."""

import json


def heard(text, thought, calls, finish, usage, model, complete=True, refusal=""):
    return {
        "heard": {
            "text": text,
            "refusal": refusal,
            "thought": thought,
            "calls": calls,
            "finish": finish,
            "usage": usage,
            "model": model or "",
            "complete": complete,
        }
    }


def called(id, name, spelt):
    """A call, whose input may be JSON in a string."""
    if isinstance(spelt, str):
        try:
            spelt = json.loads(spelt) if spelt.strip() else {}
        except ValueError:
            pass  # Text that a tool takes as it is.
    return {"id": id or None, "name": name, "input": spelt}


def counts(prompt, cached, output, reasoning):
    return {"prompt": prompt, "cached": cached, "output": output, "reasoning": reasoning}


class Wire:
    """Answers every request of an HTTP client with the bytes at hand."""

    def __init__(self, httpx):
        self.httpx, self.status, self.kind, self.body = httpx, 200, "application/json", b""
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, _request):
        return self.httpx.Response(self.status, headers={"content-type": self.kind}, content=self.body)

    def carries(self, body, kind="application/json", status=200):
        self.status, self.kind, self.body = status, kind, body


SSE = "text/event-stream"


def data_of(body):
    """The data of every event of an SSE stream, by the rules of the standard."""
    events, data = [], []
    for line in body.decode().replace("\r\n", "\n").split("\n"):
        if not line and data:
            events.append("\n".join(data))
            data = []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    return events


def refused(call):
    """What an SDK raises, which it must, and the status by which its users tell errors apart."""
    try:
        call()
    except Exception as error:
        return {"raised": told(error), "status": status(error)}
    return {"problems": ["an error was taken for an answer"]}


def told(error):
    return f"{type(error).__name__}: {error}"[:2000]


def status(error):
    code = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(code, int):
        return code
    return getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")

"""Judges translations: `python -m judge DIALECT JOBS VERDICTS`, each a file of JSON lines.

A job is an answer, whole or streamed, an error, or a request in that dialect. An SDK is given the
bytes as if a server had sent them, and the verdict says what it heard, or why it would not have it.
"""

import base64
import faulthandler
import importlib
import json
import sys

from judge.ears import told

MODULES = {
    "openai-chat": "chat",
    "openai-completions": "completions",
    "openai-responses": "responses",
    "anthropic": "messages",
    "gemini": "gemini",
    "ollama": "ollama_chat",
    "cohere": "cohere_chat",
    "bedrock-converse": "converse",
}


def judge(judges, job):
    if job["kind"] == "request":
        return {"problems": request(judges, job["text"], job.get("original"))}
    body = base64.b64decode(job["b64"]) if "b64" in job else job["text"].encode()
    ear = {"whole": judges.whole, "stream": judges.stream, "error": judges.error}[job["kind"]]
    if job["kind"] == "error":
        return ear(job["status"], body)
    return ear(body)


def request(judges, text, original):
    """What is wrong with a request. What the client said itself, in the same dialect, is not ours
    to answer for."""
    found = judges.request(text)
    if not found or not original:
        return found
    known = set(judges.request(original))
    said, theirs = json.loads(text), json.loads(original)
    # Members that hosts of the dialect have added hide what stands behind them.
    while any(forget(said, theirs, problem) for problem in found):
        found = judges.request(json.dumps(said))
        known.update(judges.request(json.dumps(theirs)))
    return [problem for problem in found if problem not in known]


def forget(said, theirs, problem):
    """Takes a member away that the dialect does not know, if the client said the same."""
    path, _, kind = problem.partition(": ")
    if not kind.startswith("extra_forbidden"):
        return False
    *parents, last = path.split("/")[1:]
    for step in parents:
        said, theirs = at(said, step), at(theirs, step)
    if last not in said or not isinstance(theirs, dict) or theirs.get(last) != said[last]:
        return False
    del said[last], theirs[last]
    return True


def at(value, step):
    if isinstance(value, list):
        return value[int(step)] if int(step) < len(value) else {}
    return value.get(step, {})


def main(dialect, jobs, verdicts):
    # A judge that hangs says where.
    faulthandler.dump_traceback_later(200, exit=True)
    judges = importlib.import_module(f"judge.{MODULES[dialect]}")
    with open(jobs, encoding="utf-8") as lines, open(verdicts, "w", encoding="utf-8") as out:
        for line in lines:
            job = json.loads(line)
            try:
                verdict = judge(judges, job)
            except Exception as error:  # Every SDK has classes of its own.
                verdict = {"raised": told(error)}
            out.write(json.dumps({"id": job["id"], **verdict}) + "\n")


main(*sys.argv[1:])

#!/usr/bin/env python3
"""Answers one JSON line with another, for crates/schema/tests/schema/differential.rs.

{"schema": FILE, "way": "response", "hex": "..."}    ->  {"verdict": "accepted", "doc": ..., "again": "hex or verdict"}
{"schema": FILE, "way": "request", "doc": ...}       ->  {"verdict": "accepted", "hex": "..."}
{"schema": FILE}                                     ->  {"layout": "what makes the bytes"}

In documents, each character of a text is one byte, so that none is lost.
"""
import json
import sys

import codec
from interpret import SchemaError, describe, load

codec.raw = lambda text: text.encode("latin-1")
codec.readable = lambda data: bytes(data).decode("latin-1")
schemas = {}


def verdict(function, value):
    """The name of the error and nothing, or "accepted" and what the function gives."""
    try:
        return "accepted", function(value)
    except codec.Malformed as error:
        return error.kind, None


def answer(line):
    try:
        schema = schemas.setdefault(line["schema"], None) or load(line["schema"])
    except SchemaError as error:
        return {"verdict": "no schema", "why": str(error)}
    schemas[line["schema"]] = schema
    if "way" not in line:
        return {"layout": describe(schema)}
    encode, decode = (getattr(schema, f"{verb}_{line['way']}") for verb in ("encode", "decode"))
    if "doc" in line:
        said, data = verdict(encode, line["doc"])
        return {"verdict": said, "hex": data.hex() if data is not None else ""}
    said, doc = verdict(decode, bytes.fromhex(line["hex"]))
    if doc is None:
        return {"verdict": said}
    again, data = verdict(encode, doc)
    return {"verdict": said, "doc": doc, "again": again if data is None else data.hex()}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

#!/usr/bin/env python3
"""Reads a schema, checks it, and encodes and decodes its messages at run time. docs/services.md has the language.

    interpret.py cgroups-lookup.toml                              checks it and prints its layout
    interpret.py cgroups-lookup.toml encode response < doc.json   prints hex
    interpret.py cgroups-lookup.toml decode response HEX          prints JSON
"""
import difflib
import json
import re
import sys
import tomllib
from pathlib import Path

from codec import IP, LABELS, TEXT, Field, Int, Malformed, Record, Schema, attempt, fixed_bytes

# The words of each table: what stands behind them, and ! where none may be missing.
WORDS = {
    "a schema": {"service": "name!", "method": "int!", "kind": "str!", "about": "str!", "layout": "int", "use": "names",
                 "batch": "bool", "cache": "any", "enums": "tables", "flags": "tables", "key": "table", "item": "table",
                 "header": "table", "request": "table", "response": "table"},
    "a shared file": {"about": "str!", "enums": "tables", "flags": "tables", "records": "tables"},
    "an enum": {"about": "str!", "values": "list!", "open": "bool", "type": "str"},
    "a set of flags": {"about": "str!", "bits": "list!", "type": "str"},
    "a value": {"name": "name!", "value": "int!", "about": "str!"},
    "a bit": {"name": "name!", "bit": "int!", "about": "str!"},
    "[key]": {"fields": "list!", "plural": "str"},
    "[item]": {"about": "str!", "fields": "list!", "typical": "int", "rules": "tables"},
    "a record": {"about": "str!", "fields": "list!"},
    "a field": {"name": "name!", "type": "str!", "about": "str!", "unit": "str", "min": "int", "max": "int",
                "unset": "any", "nul": "bool", "is": "int", "error": "str"},
    "a reserved field": {"reserved": "str!"},
    "a key's field": {"key": "str!"},
    "a rule": {"set": "names", "unset": "names"},
}
SHAPES = {
    "any": lambda v: True, "str": lambda v: isinstance(v, str), "bool": lambda v: isinstance(v, bool),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool), "table": lambda v: isinstance(v, dict),
    "name": lambda v: isinstance(v, str) and re.fullmatch("[a-z][a-z0-9_-]*", v),
    "names": lambda v: isinstance(v, list) and all(isinstance(e, str) for e in v),
    "list": lambda v: isinstance(v, list) and v and all(isinstance(e, dict) for e in v),
    "tables": lambda v: isinstance(v, dict) and all(isinstance(e, dict) or k == "@" for k, e in v.items()),
}
MEANING = {
    "str": "a text", "bool": "true or false", "int": "an int", "table": "a table", "name": "a lower-case name",
    "names": "a list of names", "list": "a list of { ... }", "tables": "tables only",
}
PARTS = {"value": ["request", "response"], "snapshot": ["header", "item"], "lookup": ["key", "item"]}
STATUSES = ["known", "payload-exceeded", "oversized-item"]
TOKENS = re.compile(r'"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|\{\s*\}|\{|^\[[\w.-]+\]', re.M)


class SchemaError(Exception):
    """What is wrong with a schema, one a line: FILE:LINE: what; what to write instead."""


def instead(word, known):
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"write `{close[0]}`" if close else "write one of " + ", ".join(f"`{k}`" for k in known)


def reserve(gap):
    word = {1: "u8", 2: "u16", 4: "u32"}.get(gap, f"u8[{gap}]")
    return f'write {{ reserved = "{word}" }}'


def own(name, word, **words):
    """A field that comes with the kind of a service."""
    return {"name": name, "type": word, **words}


class Loader:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, path):
        self.path, self.source, self.errors, self.types, self.used = path, Path(path).read_text(), [], {}, set()

    def load(self):
        file = self.parse()
        loaded = self.service(file) if "service" in file or "method" in file else self.shared(file)
        if self.errors:
            raise SchemaError("\n".join(f"{self.path}:{line}: {what}" for line, what in sorted(set(self.errors))))
        return loaded

    def parse(self):
        """The tables of the file, each with its line as "@"."""
        def mark(token):
            word, line = token[0], self.source.count("\n", 0, token.start()) + 1
            if word[0] == "{":
                return f'{{ "@" = {line} ' + ("}" if word[-1] == "}" else ",")
            return f'{word}\n"@" = {line}\n' if word[0] == "[" else word

        try:
            tomllib.loads(self.source)
            return {"@": 0, **tomllib.loads(TOKENS.sub(mark, self.source))}
        except tomllib.TOMLDecodeError as error:
            what, at, line = str(error).partition(" (at line ")
            line = line.split(",")[0] if at else self.source.count("\n")
            raise SchemaError(f"{self.path}:{line}: {what}; write what https://toml.io says") from None

    def wrong(self, table, what, write, word=None):
        """Notes an error in `table`, at the line where its `word` is."""
        lines, line = self.source.splitlines(), table.get("@", 0)
        inline = line and "{" in lines[line - 1].split("#")[0]
        found = (i for i, text in enumerate(lines[line:], line + 1) if not inline and re.match(rf"{word}\s*=", text))
        self.errors.append((next(found, line) or 1, f"{what}; {write}"))

    def words(self, table, what):
        """Whether only words of `what` stand in the table, each with what it wants, and none is missing."""
        before, known = len(self.errors), WORDS[what]
        for word in table.keys() - known.keys() - {"@"}:
            self.wrong(table, f"`{word}` is no word of {what}", instead(word, known), re.escape(word))
        for word, shape in known.items():
            optional = word == "about" and table.get("name") in STATUSES[1:]
            if word not in table and shape.endswith("!") and not optional:
                self.wrong(table, f"{what} has no `{word}`", f"write {word} = ...")
            elif word in table and not SHAPES[shape.strip("!")](table[word]):
                self.wrong(table, f"`{word}` is not right", f"write {MEANING[shape.strip('!')]}", word)
        return len(self.errors) == before

    def unique(self, tables, word):
        """The tables by their `word`, which no two may share."""
        found = {}
        for table in tables:
            if table[word] in found:
                line = found[table[word]]["@"]
                self.wrong(table, f"{word} {table[word]} is in line {line} already", "write another")
            found.setdefault(table[word], table)
        return found

    def names(self, file):
        """Takes in the enums and flags of a file."""
        for group, what, entries, entry, word, usual in (("enums", "an enum", "values", "a value", "value", "u16"),
                                                         ("flags", "a set of flags", "bits", "a bit", "bit", "u32")):
            for name, table in file.get(group, {}).items():
                if name == "@" or not self.words(table, what):
                    continue
                if not all([self.words(e, entry) for e in table[entries]]):
                    continue
                if not re.fullmatch("[A-Z][A-Za-z0-9]*", name) or name in self.types:
                    self.wrong(table, f"`{name}` cannot be its name", "write one in CamelCase that no other file has")
                if not re.fullmatch("u(8|16|32|64)", size := table.get("type", usual)):
                    self.wrong(table, f"`{size}` is no type for it", "write `u8`, `u16`, `u32` or `u64`", "type")
                    continue
                self.unique(table[entries], "name")
                bits = int(size[1:])
                top = bits - 1 if group == "flags" else 2 ** bits - 1
                for n, e in self.unique(table[entries], word).items():
                    if not 0 <= n <= top:
                        self.wrong(e, f"{word} {n} is out of range", f"write 0 to {top}")
                numbers = {e["name"]: e[word] for e in table[entries] if 0 <= e[word] <= top}
                values = {name: 1 << n if group == "flags" else n for name, n in numbers.items()}
                self.types[name] = Int(size, values, group == "enums" and not table.get("open", False))

    def type(self, word, table):
        """The type of that name; without one, an error and None."""
        if re.fullmatch("[ui](8|16|32|64)", word):
            return Int(word)
        if size := re.fullmatch(r"(?:char|u8)\[([1-9]\d{0,3})\]", word):
            return fixed_bytes(word, int(size[1]))
        known = {"ip": IP, "text": TEXT, "labels": LABELS} | self.types
        self.used.add(word)
        if word not in known:
            self.wrong(table, f"`{word}` is no type", instead(word, ["u8", "u16", "u32", "u64", "char[2]", *known]))
        return known.get(word)

    def record(self, table, what, family, before=(), after=(), key=None):
        """The record that a table describes, between fields that the kind of the service brings with it."""
        fields, offset, known = [], 0, True
        for words in [*before, *table["fields"], *after]:
            field = self.field(words, what, family, offset, key)
            if field is None:
                known = False                           # where the fields behind it start
                continue
            if known and (gap := -offset % field.type.align):
                name, align = field.name or "reserved", field.type.align
                trouble = f"`{name}` would start at byte {offset}, which is no multiple of {align}"
                self.wrong(words if "@" in words else table, trouble, f"{reserve(gap)} before it", "fields")
                offset = field.offset = offset + gap
            if field.name and field.name in [f.name for f in fields]:
                self.wrong(words, f"there is a field `{field.name}` already", "write another name")
            fields.append(field)
            offset += field.type.size
        if what == "[item]" and known and offset % 4:
            self.wrong(table, f"the fixed fields end at byte {offset}, which is no multiple of 4",
                       f"{reserve(-offset % 4)} after them", "fields")
        if [f.type for f in fields].count(LABELS) > 1:
            self.wrong(table, "there are labels twice", "write one field of type labels", "fields")
        return Record(family, fields, offset, self.rules(table.get("rules", {}), fields))

    def field(self, words, what, family, offset, key):
        word = next((word for word in ("reserved", "key") if word in words), None)
        kind = {"reserved": "a reserved field", "key": "a key's field", None: "a field"}[word]
        if "@" in words and not self.words(words, kind):
            return None
        if word == "key":
            known = {f.name: f for f in key.named} if key else {}
            if (source := known.get(words["key"])) is None:
                return self.wrong(words, f"`{words['key']}` is no field of [key]", instead(words["key"], known))
            return Field(source.name, source.type, offset, source.words, True)
        type_ = self.type(words["reserved" if word else "type"], words)
        if type_ is None:
            return None
        texts = not word and (family != "record" or what == "[key]")
        if type_ is LABELS and (what, family) != ("[item]", "lookup") or type_ is TEXT and not texts:
            self.wrong(words, f"{type_.word} cannot stand here", "write a field of fixed size")
            return None
        if word:
            return Field(None, type_, offset, {"is": type_.unset})
        for value in [words[w] for w in ("is", "unset") if w in words and type_ not in (TEXT, LABELS)]:
            if isinstance(attempt(type_.put, value), Malformed):
                self.wrong(words, f"{value!r} is no {type_.word}", "write a value that is")
        if words.get("min", 0) > words.get("max", words.get("min", 0)):
            self.wrong(words, f"nothing is at least {words['min']} and at most {words['max']}", "write min below max")
        return Field(words["name"], type_, offset, words)

    def rules(self, tables, fields):
        """What each value of an enum demands of other fields: (field, value, whether they are set, fields)."""
        rules, by_name = [], {field.name: field for field in fields if field.name and field.constant is None}
        for name, cases in tables.items():
            if name == "@":
                continue
            field = by_name.get(name)
            if field is None or not getattr(field.type, "values", None):
                self.wrong(cases, f"`{name}` is no field with named values", instead(name, by_name))
                continue
            free = {n: f for n, f in by_name.items() if not f.key and n not in ("status", name)}
            for value, case in cases.items():
                if value == "@":
                    continue
                if value not in field.type.values or not isinstance(case, dict):
                    write = instead(value, field.type.values)
                    self.wrong(cases, f"`{value}` is no value of `{name}`", write, re.escape(value))
                elif self.words(case, "a rule"):
                    rules += [(field, field.type.values[value], word == "set", self.others(case, word, free))
                              for word in case if word != "@"]
        return rules

    def others(self, case, word, free):
        """The fields that a rule names behind `word`."""
        for name in case[word]:
            if name not in free:
                self.wrong(case, f"`{name}` is no field that can be {word}", instead(name, free))
            elif word == "unset" and (name in case.get("set", []) or not free[name].may_be_unset()):
                self.wrong(case, f"`{name}` can never be unset here", "write it only once, and of a field without `min`")
        return [free[name] for name in case[word] if name in free]

    def shared(self, file):
        """The types and records of a file that is no service."""
        if not self.words(file, "a shared file"):
            return None
        self.names(file)
        tables = {name: table for name, table in file.get("records", {}).items() if name != "@"}
        return self.types, {n: self.record(t, n, "record") for n, t in tables.items() if self.words(t, "a record")}

    def service(self, file):
        if not self.words(file, "a schema"):
            return None
        if (kind := file["kind"]) not in PARTS:
            return self.wrong(file, f"`{kind}` is no kind", instead(kind, PARTS), "kind")
        for part in ("key", "item", "header", "request", "response"):
            if part in file and part not in PARTS[kind]:
                write = "write " + " and ".join(f"[{p}]" for p in PARTS[kind])
                self.wrong(file[part], f"a {kind} has no [{part}]", write)
            elif part not in file and part in PARTS[kind] and part != "header":
                self.wrong(file, f"there is no [{part}]", f"write [{part}] with fields")
        if not 0 <= file["method"] < 65536 or not 1 <= file.get("layout", 1) < 65536:
            self.wrong(file, "`method` or `layout` is out of range", "write less than 65536", "method")
        if kind != "value" and "layout" not in file:
            self.wrong(file, "there is no `layout`", "write layout = 1")
        if kind != "value" and "batch" in file:
            self.wrong(file, f"a {kind} has no `batch`", "write nothing: only a value works in batches", "batch")
        for other in file.get("use", []):
            if not (path := Path(self.path).parent / other).is_file():
                return self.wrong(file, f"there is no file `{other}`", "write one that exists", "use")
            self.types |= Loader(path).load()[0]
        self.names(file)
        tables = [self.words(file[p], f"[{p}]" if p in ("key", "item") else "a record") for p in PARTS[kind] if p in file]
        if not self.errors and all(tables):
            parts = self.parts(file, kind)
            return None if self.errors else Schema(file, parts)

    def parts(self, file, kind):
        """The records of a service, with the fields that its kind brings with it."""
        layout = [own("layout", "u16", **{"is": file["layout"]})] if "layout" in file else []
        head = [*layout, {"reserved": "u16"}, own("item_count", "u32")]
        end, none = [own("generation", "u64")], {"fields": []}
        if kind == "value":
            parts = {part: self.record(file[part], f"[{part}]", kind, layout) for part in PARTS[kind]}
        elif kind == "snapshot":
            parts = {"request": self.record(none, "", "record", head[:-1]),
                     "response": self.record(file.get("header", none), "[header]", "record", head, end),
                     "item": self.record(file["item"], "[item]", kind, layout)}
        else:
            key = self.record(file["key"], "[key]", "record")
            parts = {"request": self.record(none, "", "record", [*head, {"reserved": "u64"}]), "key": key,
                     "response": self.record(none, "", "record", head, end),
                     "item": self.record(file["item"], "[item]", kind, layout, key=key)}
            self.lookup(file, key, parts["item"])
        self.cache(file, kind, parts)
        for name, table in (file.get("enums", {}) | file.get("flags", {})).items():
            if name != "@" and name not in self.used:
                self.wrong(table, f"no field is of type `{name}`", "write a field that is, or delete it")
        return parts

    def lookup(self, file, key, item):
        """What only lookups must have."""
        for field in key.named:
            if len(key.fields) > 1 and field.type in (TEXT, IP):
                self.wrong(file["key"], f"`{field.name}` cannot stand beside others", "write a key of it alone", "fields")
            if [f.key and f.name for f in item.fields].count(field.name) != 1:
                write = f'write {{ key = "{field.name}" }}'
                self.wrong(file["item"], f"an answer needs `{field.name}` of the key once", write, "fields")
        if not key.named:
            self.wrong(file["key"], "there is nothing to look up", "write a field with a name", "fields")
        type_ = item.status.type if item.status else None
        if not isinstance(type_, Int) or not type_.closed or item.named[0] is not item.status:
            write = 'write { name = "status", type = ... } first'
            self.wrong(file["item"], "the first field is not `status`, of a closed enum", write, "fields")
        elif type_.values.get("known") != 0 or not type_.values.keys() >= set(STATUSES):
            write = "write known = 0, payload-exceeded and oversized-item"
            self.wrong(file["item"], "the status cannot say all that it must", write, "fields")

    def cache(self, file, kind, parts):
        """What a cache finds items by."""
        if (cache := file.get("cache")) is None or (kind, cache) == ("lookup", "key"):
            return
        known = [field.name for field in parts["item"].named] if kind == "snapshot" else ["key"]
        for name in cache if isinstance(cache, list) and kind == "snapshot" else [cache]:
            if name not in known or not isinstance(cache, list):
                self.wrong(file, f"`{name}` is nothing to find an item by", instead(str(name), known), "cache")


def load(path):
    """The schema in a file, or the types and records of a shared file; raises SchemaError."""
    return Loader(path).load()


def load_all(paths):
    """Several schemas by name; no two may share a name or a method number."""
    schemas = {}
    for path in paths:
        schema = load(path)
        for word in ("service", "method"):
            for before in (s for s in schemas.values() if s.words[word] == schema.words[word]):
                line = next(i for i, text in enumerate(Path(path).read_text().splitlines(), 1) if text.startswith(word))
                raise SchemaError(f"{path}:{line}: {before.name} has {word} {before.words[word]} already; write another")
        schemas[schema.name] = schema
    return schemas


def describe(schema):
    """All that makes the bytes, one field a line: what a lock file could hold."""
    lines = [f"{schema.name}: {schema.kind}, method {schema.method}"]
    for part, record in schema.parts.items():
        alone = schema.key.type and schema.key.type.word if part == "key" else None
        size = {"text": "bytes and a NUL", "ip": "4 or 16 bytes"}.get(alone, f"{record.size} bytes")
        lines.append(f"  {part}: {size}")
        for f in record.fields:
            line = f"    {'' if alone else f.offset:3} {f.type.word:8} {f.name or 'reserved'}"
            rules = [f"{word} {f.words[word]}" for word in ("is", "min", "max", "nul", "unset") if word in f.words]
            if isinstance(f.type, Int) and f.type.closed:
                rules += [", ".join(f"{n} {name}" for name, n in f.type.values.items())]
            lines.append(" ".join([line, *rules]))
        for field, value, wanted, others in record.rules:
            names = ", ".join(other.name for other in others)
            lines.append(f"    {field.name} {value}: {names} {'set' if wanted else 'unset'}")
    return "\n".join(lines)


def main(path, way="", part="response", data=""):
    try:
        schema = load(path)
        if way == "encode":
            print(getattr(schema, f"encode_{part}")(json.load(sys.stdin)).hex())
        elif way == "decode":
            print(json.dumps(getattr(schema, f"decode_{part}")(bytes.fromhex(data)), indent=1))
        else:
            print(describe(schema) if isinstance(schema, Schema) else "good")
    except (SchemaError, Malformed) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: Apache-2.0
"""Values that a JSON schema allows, and places in documents to spoil. Knows the keywords that scenario_schema() uses, and
refuses to guess others. Everything is drawn from the dice that the caller brings. Used by tests/documents/run."""
import copy
import math

# What no schema allows; what a person may still write.
ODD = [-1, 0, 10**30, -10**30, 1.5, 2**63, 2**64, "", "x", "0x1", None, True, [], {}, [[]], [3, 1], {"one_of": []},
       {"one_of": [1, 10**30]}, [1, 2, 3], "\u0000", "é", 1e308]

OF_A_POINT = {"when", "subtask", "nth", "after_ms", "after", "by_ms", "by_target"}  # settings of a trigger at a point


class Sampler:
    KNOWN = {"$schema", "title", "description", "type", "properties", "additionalProperties", "required", "items",
             "minItems", "maxItems", "minimum", "maximum", "anyOf", "enum", "const", "pattern", "minLength", "not"}

    def __init__(self, dice):
        self.dice = dice

    def draw(self, schema, depth=0):
        unknown = set(schema) - self.KNOWN
        assert not unknown, f"the schema uses {unknown}: teach tests/documents/sampling.py"
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.dice.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            return self.draw_object(schema, depth)
        if "anyOf" in schema:
            return self.draw(self.dice.choice(schema["anyOf"]), depth)
        if kind == "integer":
            return self.integer(schema["minimum"], schema["maximum"])
        if kind == "boolean":
            return self.dice.random() < 0.5
        if kind == "array":
            return self.draw_array(schema, depth)
        assert kind == "string", schema
        return self.string(schema.get("pattern"))

    def integer(self, low, high):
        pick = self.dice.random()
        if pick < 0.2:
            return low
        if pick < 0.3:
            return high
        if pick < 0.4:
            return min(high, low + 1)
        return low + int(math.exp(self.dice.uniform(0, math.log(high - low + 1)))) - 1

    def string(self, pattern):
        if pattern is None:
            return self.dice.choice(["", "default", "x", "no/such/file", "ä€", "chk-", "input.txt"])
        if pattern.startswith("^(jobmanager"):
            return self.dice.choice(["jobmanager", "controller", "reader", f"taskmanager-{self.integer(0, 40)}",
                                     "taskmanager-0", "taskmanager-1", "broker-0", "broker-1", f"broker-{self.integer(0, 40)}"])
        assert pattern == "^[a-z0-9-]{1,64}$", pattern
        return self.dice.choice(["x", "a" * 64, "-", "--", "0", "word-count"])

    def draw_array(self, schema, depth):
        low, high = schema.get("minItems", 0), schema.get("maxItems", 4)
        values = [self.draw(schema["items"], depth + 1) for _ in range(self.dice.randint(low, max(low, high)))]
        is_range = schema.get("maxItems") == 2 and all(isinstance(value, int) for value in values)
        return sorted(values) if is_range and self.dice.random() < 0.95 else values

    def draw_object(self, schema, depth):
        out, properties = {}, schema.get("properties", {})
        for name in schema.get("required", []):
            out[name] = self.draw(properties[name], depth + 1)
        if "anyOf" in schema:  # of fault kinds: which trigger
            for name in self.dice.choice(schema["anyOf"])["required"]:
                out[name] = self.draw(properties[name], depth + 1)
        others = [name for name in properties if name not in out and name != "$schema"]
        for name in self.dice.sample(others, min(len(others), self.dice.choice([0, 0, 1, 2, 3]))):
            if "anyOf" in schema and self.dice.random() < 0.95:
                if name.startswith("at") or (name in OF_A_POINT and "at" not in out):
                    continue  # refused at once: worth a few documents only
            if name == "allowed_lateness_ms" and self.dice.random() < 0.8:
                continue
            out[name] = self.draw(properties[name], depth + 1)
        if isinstance(schema.get("additionalProperties"), dict):
            for name in self.dice.sample(["swarm", "calm", "mine", "-"], self.dice.randint(0, 2)):
                out[name] = self.draw(schema["additionalProperties"], depth + 1)
        for name in schema.get("not", {}).get("required", [])[:1]:
            if all(word in out for word in schema["not"]["required"]):
                del out[name]
        return out


# ---- what a document uses --------------------------------------------------------------------------------------------

def properties_of(schema, path=""):
    """Every property of every object, once for each kind of fault or step: "/faults/crash/target"."""
    for name, member in schema.get("properties", {}).items():
        if "const" not in member:
            yield f"{path}/{name}"
        yield from properties_of(member, f"{path}/{name}")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from properties_of(schema["additionalProperties"], f"{path}/*")
    if "items" in schema:
        yield from properties_of(schema["items"], path)
    for choice in schema.get("anyOf", []):
        kind = choice.get("properties", {}).get("kind", {}).get("const")
        yield from properties_of(choice, f"{path}/{kind}" if kind else path)


def used_by(document, schema, path=""):
    """Which of them a document has."""
    if isinstance(document, list):
        for member in document:
            yield from used_by(member, schema.get("items", {}), path)
        return
    if not isinstance(document, dict):
        return
    if "anyOf" in schema and schema.get("type") != "object":
        for choice in schema["anyOf"]:
            kind = choice.get("properties", {}).get("kind", {}).get("const")
            if kind is not None and document.get("kind") == kind:
                yield from used_by(document, choice, f"{path}/{kind}")
            elif kind is None and choice.get("type") == "object" and set(document) <= set(choice["properties"]):
                yield from used_by(document, choice, path)
        return
    for name, member in document.items():
        known = schema.get("properties", {}).get(name)
        if known is not None:
            if "const" not in known:
                yield f"{path}/{name}"
            yield from used_by(member, known, f"{path}/{name}")
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from used_by(member, schema["additionalProperties"], f"{path}/*")


# ---- what a document must not hold -----------------------------------------------------------------------------------

def places_of(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield from places_of(member, path + (key,))


def alter(document, dice):
    """Changes one place of the document to something odd."""
    path = dice.choice([p for p in places_of(document) if p])
    outer = document
    for key in path[:-1]:
        outer = outer[key]
    pick = dice.random()
    if pick < 0.15:
        del outer[path[-1]]
    elif pick < 0.3 and isinstance(outer, dict):
        outer[dice.choice(["unknown", "", "parallelism", "at_us", "kind", "é"])] = dice.choice(ODD)
    elif pick < 0.6 and isinstance(outer[path[-1]], int):
        outer[path[-1]] = dice.choice([0, 1, -1, outer[path[-1]] * 1000, outer[path[-1]] + 1, 2**31, 2**63 - 1, 2**63, 10**30])
    else:
        outer[path[-1]] = copy.deepcopy(dice.choice(ODD))


def numbers_of(schema):
    """(low, high) of a setting that is a number."""
    for choice in schema.get("anyOf", []):
        if choice.get("type") == "integer":
            return choice["minimum"], choice["maximum"]
    return None


def beyond(schema, dice):
    """A value that this setting's schema does not allow, one step beyond what it does."""
    numbers = numbers_of(schema)
    if numbers is None:
        return dice.choice(["no-such-word", "", 1, True, None, [], ["no-such-word"], {"one_of": []}, {"one_of": ["no-such-word"]}])
    low, high = numbers
    return dice.choice([low - 1, high + 1, [low - 1, high], [low, high + 1], {"one_of": [low, high + 1]}, {"one_of": []},
                        {"one_of": low}, [low], [low, high, high], [], str(low), None, True, low + 0.5,
                        {"one_of": [low], "of": 1}, {}])


# ---- what members contradict one another in -------------------------------------------------------------------------

STRATEGIES = {
    "fixed-delay": ["attempts", "delay_ms"],
    "failure-rate": ["max_failures_per_interval", "failure_rate_interval_ms", "delay_ms"],
    "exponential-delay": ["initial_backoff_ms", "max_backoff_ms", "backoff_multiplier_percent", "reset_backoff_threshold_ms",
                          "jitter_percent", "attempts_before_reset"],
}


def ends_of(value, default):
    """(lowest, highest) of what a setting may be drawn as."""
    if isinstance(value, dict):
        value = value.get("one_of") or default
    if not isinstance(value, list):
        value = [default if value is None else value]
    numbers = [each for each in value if isinstance(each, int)]
    return (min(numbers), max(numbers)) if numbers else (default, default)


def mend(document, dice):
    """Removes the contradictions that members drawn one by one mostly have, so that the document runs."""
    def section(name):
        found = document.get(name)
        return found if isinstance(found, dict) else {}

    def keep_order(outer, small, large, defaults, at_least=0):
        low, high = ends_of(outer.get(small), defaults[0])[1], ends_of(outer.get(large), defaults[1])[0]
        if (small in outer or large in outer) and high < low + at_least:
            outer[large] = min(max(low + at_least, 2 * low), 86_400_000)
            outer[small] = min(outer[large] - at_least, low)

    restart = section("restart")
    if restart:
        strategy = dice.choice(sorted(STRATEGIES))
        document["restart"] = {name: restart[name] for name in restart if name in STRATEGIES[strategy]} | {"strategy": strategy}
        keep_order(document["restart"], "initial_backoff_ms", "max_backoff_ms", (1000, 60_000))
    keep_order(section("heartbeat"), "interval_ms", "timeout_ms", (2000, 5000), 1)
    keep_order(section("channel"), "request_backoff_ms", "request_backoff_max_ms", (100, 10_000))
    keep_order(section("network"), "min_us", "typical_us", (100, 500))
    keep_order(section("network"), "typical_us", "tail_us", (500, 20_000))
    if "min_us" in section("network") or "typical_us" in section("network"):
        low, middle = ends_of(section("network").get("min_us"), 100), ends_of(section("network").get("typical_us"), 500)
        high = ends_of(section("network").get("tail_us"), 20_000)
        if low[1] > middle[0] or middle[1] > high[0]:
            document["network"].update(min_us=low[0], typical_us=max(low[0], middle[0]), tail_us=max(low[0], middle[1], high[1]))
    parallelism = ends_of(document.get("parallelism"), 1)[1]
    cluster = section("cluster")
    if ends_of(cluster.get("task_managers"), 2)[0] * ends_of(cluster.get("slots"), 2)[0] < parallelism:
        document["cluster"] = {**cluster, "slots": min(64, max(parallelism, 1))}
    if "max_parallelism" in document and ends_of(document["max_parallelism"], 128)[0] < parallelism:
        document["max_parallelism"] = max(parallelism, ends_of(document["max_parallelism"], 128)[1])
    interval = ends_of(section("checkpoint").get("interval_ms"), 5000)
    if interval[1] > 900_000:
        document["checkpoint"]["interval_ms"] = dice.choice([10, 900_000, 100_000, 7000])
    timeout = ends_of(document.get("transaction_timeout_ms"), 900_000)
    if timeout[0] < interval[1] or timeout[1] > 900_000:
        document["transaction_timeout_ms"] = 900_000
    if isinstance(document.get("parts"), dict) and document["parts"].get("checkpoints") is False:
        document["parts"]["sink"] = dice.choice(["fire-and-forget", "flush"])

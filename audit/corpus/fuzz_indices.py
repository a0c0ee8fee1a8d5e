#!/usr/bin/env python3
"""Looks for false passes among handlers with random arithmetic on an index.

Each handler loads a number that the program may set, computes an index or a length from it with conversions and comparisons as C has
them, and writes to an array by it. The same C, compiled as a program of its own, says for some ten thousand numbers whether the array
is left: then the handler is unsafe, and a pass is false. What is unsafe for each number is left out, and so is an index that is one
number: the compiler makes it the address of other data.

Prints each false pass with its seed, and how many handlers were judged; exits with 1 if there is a false pass.
"""
import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TYPES = ["unsigned long", "long", "unsigned", "int", "unsigned short", "short", "unsigned char", "signed char"]
BUILDS = [("gcc", "-O0"), ("gcc", "-O1"), ("gcc", "-O2"), ("gcc", "-Os"), ("clang", "-O1"), ("clang", "-O2")]
BUILDS = [build for build in BUILDS if shutil.which(build[0])]
# Arithmetic that wraps is defined, so that both programs compute the same.
FLAGS = ["-fwrapv", "-w"]
SIGNALS = [1, 2, 3, 10, 12, 14, 15, 17]

# What a handler does with `{i}`, and when that leaves an array of `{size}` bytes.
OUTSIDE = "({i}) < 0 || (__int128)({i}) >= {size}"
LONGER = "({i}) < 0 || (__int128)({i}) > {size}"
WAYS = [
    ("m{n}[{i}] = 1;", OUTSIDE),
    ("sum += m{n}[{i}];", OUTSIDE),
    ("store{n}({i});", OUTSIDE.replace("{i}", "({type})({i})")),
    ("for ({type} k = 0; k < {i}; k++) m{n}[k] = 1;",
     "({{ int left = 0; for ({type} k = 0; k < {i} && !left; k++) left = k < 0 || (__int128)k >= {size}; left; }})"),
    ("for (volatile char *p = m{n}; p != m{n} + {i}; p++) *p = 1;", LONGER),
    ("memset((void *)m{n}, 1, {i});", LONGER),
]


def expression(rng, depth, names):
    if depth == 0 or rng.random() < 0.15:
        numbers = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 200, 255, 256, 1000, 65535]
        return rng.choice(names) if rng.random() < 0.75 else str(rng.choice(numbers))
    a, b = expression(rng, depth - 1, names), expression(rng, depth - 1, names)
    return rng.choice([
        f"({a} + {b})", f"({a} - {b})", f"(-({a}))", f"(~({a}))", f"({a} < {b} ? {a} : {b})",
        f"({a} & {rng.choice([1, 3, 7, 15, 31, 63, 127, 255, 0xff00, -8])})",
        f"({a} | {rng.choice([1, 2, 4, 8])})", f"({a} ^ {rng.choice([1, 3, 7])})",
        f"({a} >> {rng.choice([1, 2, 3, 4, 8, 16, 24, 31])})", f"({a} << {rng.choice([1, 2, 3])})",
        f"({a} % {rng.choice([2, 3, 5, 7, 10, 16, 31, 100])})", f"({a} / {rng.choice([2, 3, 5, 10, 16])})",
        f"({a} * {rng.choice([2, 3, 5, 9])})", f"(({rng.choice(TYPES)})({a}))",
    ])


def condition(rng, name):
    of = name if rng.random() < 0.4 else f"({rng.choice(TYPES)})({name})"
    number = rng.choice([-1, 0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 64, 100])
    unsigned = "u" if number >= 0 and rng.random() < 0.2 else ""
    return f"{of} {rng.choice(['<', '<=', '<', '>=', '>', '==', '!='])} {number}{unsigned}"


def handler(rng):
    """Returns the type of the number, the statements with `leave` for a return, the index, its type, the way and the size."""
    of, names, body = rng.choice(TYPES), ["x"], []
    for n in range(rng.randrange(1, 4)):
        names.append(f"v{n}")
        made = rng.choice(TYPES)
        body.append(f"{made} v{n} = ({made})({expression(rng, rng.randrange(4), names[:-1])});")
        if rng.random() < 0.4:
            body.append(f"if ({condition(rng, rng.choice(names))}) leave;")
    index = rng.choice(names[1:])
    for _ in range(rng.randrange(1, 3)):
        asked = index if rng.random() < 0.8 else rng.choice(names)
        body.append(f"if (!({condition(rng, asked)})) leave;")
    return of, body, index, rng.choice(TYPES), rng.choice(WAYS), rng.choice([2, 4, 8, 10, 16, 32, 64, 128, 256])


def programs(handlers):
    """Returns the program with the handlers, and the one that says which of them leave their arrays."""
    audited = ["#include <signal.h>", "#include <string.h>", "#include <unistd.h>", "static volatile long sum;"]
    truth = ["#include <stdio.h>", "#include <stdlib.h>", "static __int128 at;"]
    calls, installs = [], []
    for n, (of, body, index, made, (does, leaves), size) in enumerate(handlers):
        fill = {"n": n, "i": index, "size": size, "type": made}
        lines = "\n  ".join(body)
        audited += [
            f"volatile {of} in{n}; volatile char m{n}[{size}];",
            f"static __attribute__((noinline)) void store{n}({made} at) {{ m{n}[at] = 1; }}" if "store" in does else "",
            f"static void h{n}(int s) {{ (void)s; {of} x = in{n};",
            f"  {lines.replace('leave', 'return')}", f"  {does.format(**fill)} }}",
        ]
        truth += [f"static int t{n}(long raw) {{ {of} x = ({of})raw;", f"  {lines.replace('leave', 'return 0')}",
                  f"  at = {index}; return 1 + ({leaves.format(**fill)}); }}"]
        calls.append(f"t{n}")
        installs.append(f"signal({SIGNALS[n % len(SIGNALS)]}, h{n});")
    audited.append(f"int main(void) {{ {' '.join(installs)} for (;;) pause(); }}")
    truth.append(f"""static int (*all[])(long) = {{ {', '.join(calls)} }};
int main(void) {{
    static long in[80000];
    int count = 0;
    for (long a = -1100; a <= 1100; a++) in[count++] = a;
    for (int bit = 6; bit < 64; bit++)
        for (long d = -40; d <= 40; d++) {{
            in[count++] = (long)((1ul << bit) + d), in[count++] = (long)(-(1ul << bit) + d);
            in[count++] = (long)((3ul << (bit - 1)) + d);
        }}
    srandom(7);
    while (count < 40000) in[count++] = (((unsigned long)random() << 33) ^ ((unsigned long)random() << 11) ^ random()) >> (random() % 64);
    for (int n = 0; n < {len(handlers)}; n++) {{
        int good = 0, bad = 0, varies = 0, some = 0;
        __int128 first = 0;
        long by = 0;
        for (int i = 0; i < count; i++) {{
            int found = all[n](in[i]);
            if (!found) continue;
            if (!some++) first = at;
            varies |= at != first;
            if (found == 1) good = 1; else bad = 1, by = in[i];
        }}
        if (bad && good && varies) printf("%d %ld\\n", n, by);
    }}
}}""")
    return "\n".join(audited), "\n".join(truth)


def judge(seed, tool, count):
    """Returns the false passes of one seed, in words, and how many handlers were judged, passed, and leave their arrays."""
    rng = random.Random(seed)
    handlers = [handler(rng) for _ in range(count)]
    false, counts = [], [0, 0, 0]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for file, text in zip(["audited.c", "truth.c"], programs(handlers)):
            (directory / file).write_text(text)
        subprocess.run(["gcc", "-O1", *FLAGS, "-o", "truth", "truth.c"], cwd=directory, check=True)
        said = subprocess.run(["./truth"], cwd=directory, check=True, capture_output=True, text=True, timeout=900).stdout
        leaves = dict(line.split() for line in said.splitlines())
        for compiler, level in BUILDS:
            subprocess.run([compiler, level, *FLAGS, "-o", "audited", "audited.c"], cwd=directory, check=True)
            report = subprocess.run([tool, "--quiet", "audited"], cwd=directory, capture_output=True, text=True, timeout=900).stdout
            for n, verdict in re.findall(r"^h(\d+): (PASS|FAIL|CANNOT DECIDE)", report, re.M):
                counts = [counts[0] + 1, counts[1] + (verdict == "PASS"), counts[2] + (n in leaves)]
                if verdict == "PASS" and n in leaves:
                    false.append(f"seed {seed}, h{n}, {compiler} {level}: passes, and leaves its array for {leaves[n]}: {handlers[int(n)]}")
    return false, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default="minitalk-audit", help="the audit (default: from PATH)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--count", type=int, default=10, help="how many seeds (default: 10)")
    parser.add_argument("--handlers", type=int, default=40, help=f"how many handlers a seed, in {len(BUILDS)} builds each (default: 40)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default: 2)")
    args = parser.parse_args()
    tool = str(Path(args.tool).resolve()) if "/" in args.tool else args.tool
    total = [0, 0, 0]
    false = []
    with ThreadPoolExecutor(args.jobs) as pool:
        for found, counts in pool.map(lambda seed: judge(seed, tool, args.handlers), range(args.seed, args.seed + args.count)):
            false += found
            total = [a + b for a, b in zip(total, counts)]
    print("\n".join(false + [f"{total[0]} handlers judged, {total[1]} pass, {total[2]} leave their arrays, {len(false)} of these pass"]))
    sys.exit(bool(false))


if __name__ == "__main__":
    main()

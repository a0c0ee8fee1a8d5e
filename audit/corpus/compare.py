#!/usr/bin/env python3
"""Counts what gcc -fanalyzer and clang-tidy find in the C programs of the corpus, and what the audit says of the same programs.

usage: compare.py [--tool PATH [--args TEMPLATE]] [--extra DIR]

Both tools look at signal() alone, so each program is given to them twice: as it is, and with -DBY_SIGNAL, by which corpus.h registers by signal().
A program that registers without corpus.h's macro is the same both times. The audit is given the program built by gcc -O2.
"""
import argparse, concurrent.futures, pathlib, re, shlex, shutil, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from run import HERE, audit, build, header, truth  # noqa: E402

GCC = re.compile(r"-Wanalyzer-unsafe-call-within-signal-handler")
TIDY = re.compile(r"bugprone-signal-handler|cert-sig30-c")


def found(command, pattern):
    done = subprocess.run(command, capture_output=True, text=True)
    return bool(pattern.search(done.stdout + done.stderr))


def one(path):
    flags = ["-I", str(HERE), "-O2", "-fsyntax-only"]
    row = {}
    for how, define in (("as it is", []), ("by signal()", ["-DBY_SIGNAL"])):
        gcc = ["gcc", "-w", "-fanalyzer", "-Wanalyzer-unsafe-call-within-signal-handler", "-I", str(HERE), "-O2", "-c", "-o", "/dev/null"]
        gcc.remove("-w")
        row["gcc -fanalyzer", how] = found([*gcc, *define, str(path)], GCC)
        if shutil.which("clang-tidy"):
            row["clang-tidy", how] = found(["clang-tidy", "--checks=-*,bugprone-signal-handler,cert-sig30-c", str(path), "--", *flags, *define], TIDY)
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool")
    parser.add_argument("--args", default="{}")
    parser.add_argument("--extra", action="append", default=[])
    parser.add_argument("--build", default=str(HERE.parent.parent / "target" / "corpus"))
    options = parser.parse_args()
    work = []
    for root in [HERE, *map(pathlib.Path, options.extra)]:
        for folder in ("safe", "unsafe"):
            for path in sorted((root / folder).glob("*.c")):
                keys = header(path)
                kind = truth(path, keys)
                if kind in ("safe", "unsafe") and keys.get("kind", "program") == "program" and "only" not in keys:
                    work.append((path, keys, kind))
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (path, keys, kind), row in zip(work, pool.map(one, [path for path, _, _ in work])):
            if options.tool:
                out = pathlib.Path(options.build) / "gcc-O2"
                out.mkdir(parents=True, exist_ok=True)
                said = audit(options.tool, options.args, build(path, keys, "gcc-O2", out), 20)[0]
                row["minitalk-audit: fail", "as it is"] = said == "fail"
                row["minitalk-audit: fail or undecided", "as it is"] = said != "pass"
            for name, yes in row.items():
                counts.setdefault(name, {"safe": 0, "unsafe": 0})[kind] += yes
    total = {kind: sum(k == kind for _, _, k in work) for kind in ("safe", "unsafe")}
    print(f"| tool | registered | unsafe found, of {total['unsafe']} | false alarms, of {total['safe']} |\n| --- | --- | --- | --- |")
    for (name, how), count in sorted(counts.items()):
        print(f"| {name} | {how} | {count['unsafe']} | {count['safe']} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

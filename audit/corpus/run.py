#!/usr/bin/env python3
"""Builds every program of the corpus in several ways, runs the audit on each, and compares its verdict with the truth.

usage: run.py --tool PATH [--args TEMPLATE] [--build DIR] [--only TEXT] [--config NAME]... [--extra DIR] [--all] [--verbose]

Exit status 0 if no unsafe program passes, no run crashes, and the shares that README.md asks for are reached; otherwise 1.
"""
import argparse, collections, concurrent.futures, hashlib, json, os, pathlib, re, resource, shlex, signal, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
HARD = "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -pie -Wl,-z,relro,-z,now"
# name: (flags, stripped)
C_CONFIGS = {
    "gcc-O0": ("-O0 -g", False),
    "gcc-O2": ("-O2", False),
    "gcc-O2-nopie-stripped": ("-O2 -fno-pie -no-pie -fno-plt", True),
    "gcc-debian-stripped": (HARD, True),
    "clang-O0-stripped": ("-O0 -fPIE -pie", True),
    "clang-O2": ("-O2 -fPIE -pie", False),
    "clang-O2-noplt-stripped": ("-O2 -fPIE -pie -fno-plt", True),
    "gcc-static": ("-O2 -static", False),
}
RUST_CONFIGS = {
    "rustc-O": ("-O", False),
    "rustc-O-stripped": ("-O -C strip=symbols", False),
    "rustc-debug": ("-g", False),
    "rustc-O-abort": ("-O -C panic=abort -C lto=fat -C codegen-units=1", False),
}
QUICK = ["gcc-O0", "gcc-O2", "gcc-debian-stripped", "clang-O2", "rustc-O", "rustc-debug"]
KINDS = ("safe", "unsafe", "find", "none", "doubt")


def header(path):
    """Returns the lines `// key: value` at the top of a program."""
    keys = {}
    for line in path.read_text().splitlines():
        match = re.match(r"// (\w+): (.*)", line)
        if not match:
            break
        keys.setdefault(match[1], match[2])
    return keys


def truth(path, keys):
    """Returns the truth of a program: from its first line, or from the folder's name."""
    kind = keys.get("truth", "").split(":")[0]
    return kind if kind in KINDS else None


def build(path, keys, config, out):
    """Builds one program in one configuration; returns the file to audit, None if this configuration is not for it."""
    suffix = path.suffix
    rust = suffix == ".rs"
    if rust != config.startswith("rustc"):
        return None
    if "only" in keys and not any(config.startswith(part) for part in keys["only"].split()):
        return None
    flags, strip = (RUST_CONFIGS if rust else C_CONFIGS)[config]
    kind = keys.get("kind", "program")
    if config == "gcc-static" and (kind != "program" or "with" in keys or "ifunc" in path.name):
        return None
    if kind == "object" and strip:
        return None
    name = out / f"{path.parent.name}-{path.stem}"
    stamp = name.with_suffix(".stamp")
    libraries = [HERE / part for part in keys.get("with", "").split()]
    wanted = hashlib.sha256(b"".join(p.read_bytes() for p in [path, HERE / "corpus.h", *libraries]) + repr((flags, strip, keys)).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return name
    if rust:
        command = ["rustc", "--edition", "2024", "-A", "warnings", *flags.split(), str(path), "-o", str(name)]
    else:
        compiler = config.split("-")[0]
        if suffix == ".cc":
            compiler = {"gcc": "g++", "clang": "clang++"}[compiler]
        shape = {"program": [], "shared": ["-shared", "-fPIC"], "object": ["-c"]}[kind]
        drop = {"-pie", "-fPIE", "-fno-pie", "-no-pie", "-static"} if kind == "shared" else set()
        base = [flag for flag in flags.split() if flag not in drop]
        if kind == "object":
            base = [flag for flag in base if not flag.startswith("-Wl") and flag not in {"-pie", "-no-pie"}]
        own = shlex.split(keys.get("flags", ""))
        standard = ["-std=c++17"] if suffix == ".cc" else []
        command = [compiler, *standard, "-w", "-pthread", "-I", str(HERE), *base, *shape, *own, str(path), "-o", str(name)]
        for library in libraries:
            shared = out / f"lib{library.stem}.so"
            if not shared.exists():
                part = out / f"{path.stem}.{library.stem}.part"
                extra = re.findall(r"libflags: (.*?) \*/", library.read_text())
                extra = [flag.replace("script=", f"script={HERE}/") for part_flags in extra for flag in part_flags.split()]
                subprocess.run(["gcc", "-w", "-O2", "-shared", "-fPIC", "-pthread",
                                "-I", str(HERE), str(library), *extra, "-o", str(part)], check=True)
                part.rename(shared)
            command += [str(shared), f"-Wl,-rpath,{out}"]
        if kind == "program":
            command.append("-ldl")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    if strip:
        subprocess.run(["strip", str(name)], check=True)
    stamp.write_text(wanted)
    return name


def limit(seconds):
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def audit(tool, template, file, seconds):
    """Runs the audit on one file; returns what it said, its seconds of CPU time and its peak memory in kB.

    The limit is CPU time, which does not depend on how busy the machine is.
    """
    command = [tool, *(part.replace("{}", str(file)) for part in shlex.split(template))]
    log = file.with_suffix(".log")
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                 preexec_fn=lambda: limit(seconds))
        _, status, usage = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    child.returncode = code
    said = {0: "pass", 1: "fail", 2: "undecided", -signal.SIGXCPU: "timeout"}.get(code, f"crash {code}")
    return said, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, log


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool")
    parser.add_argument("--args", default="{}", help="the audit's arguments; {} is the file")
    parser.add_argument("--build", default=str(HERE.parent.parent / "target" / "corpus"))
    parser.add_argument("--only", default="", help="programs whose path has this text")
    parser.add_argument("--config", action="append")
    parser.add_argument("--extra", action="append", default=[], help="another folder with safe/, unsafe/, find/ and attack/")
    parser.add_argument("--all", action="store_true", help="all configurations, not the quick ones")
    parser.add_argument("--seconds", type=int, default=20, help="the most CPU time of one run")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--report", help="writes every result there, as JSON")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if not options.tool and not options.build_only:
        parser.error("--tool is needed")
    configs = options.config or ([*C_CONFIGS, *RUST_CONFIGS] if options.all else QUICK)
    work = []
    for root in [HERE, *map(pathlib.Path, options.extra)]:
        for path in sorted(root.glob("*/*")):
            if path.suffix in {".c", ".cc", ".rs"} and options.only in str(path):
                keys = header(path)
                kind = truth(path, keys)
                if kind is None:
                    sys.exit(f"{path}: its first line does not say its truth")
                work += [(path, keys, kind, config) for config in configs]
    rows, broken = [], []

    def one(item):
        path, keys, kind, config = item
        out = pathlib.Path(options.build) / config
        out.mkdir(parents=True, exist_ok=True)
        try:
            file = build(path, keys, config, out)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            broken.append((f"{path.parent.name}/{path.name}", config, str(error)))
            return None
        if file is None or options.build_only:
            return None
        said, seconds, memory, log = audit(options.tool, options.args, file, options.seconds)
        return {"program": f"{path.parent.name}/{path.name}", "config": config, "truth": kind, "said": said,
                "seconds": round(seconds, 2), "kilobytes": memory, "log": str(log), "why": keys["truth"].split(": ", 1)[1]}

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        rows = [row for row in pool.map(one, work) if row]
    if options.report:
        pathlib.Path(options.report).write_text(json.dumps(rows, indent=1))

    wrong = {"safe": lambda s: s != "pass", "unsafe": lambda s: s == "pass", "find": lambda s: s == "pass",
             "none": lambda s: s == "fail", "doubt": lambda s: False}
    faults = [row for row in rows if row["said"].startswith(("crash", "timeout"))]
    print(f"{'':26}{'pass':>7}{'fail':>7}{'undec.':>7}{'broken':>7}")
    ok = not faults
    for kind in KINDS:
        for config in [*configs, "all"]:
            some = [row for row in rows if row["truth"] == kind and config in (row["config"], "all")]
            if some and (config == "all" or options.verbose):
                count = collections.Counter(row["said"].split()[0] for row in some)
                bad = count["crash"] + count["timeout"]
                print(f"{kind + ' ' + config:26}{count['pass']:7}{count['fail']:7}{count['undecided']:7}{bad:7}   of {len(some)}")
    for title, kind, test in [
        ("UNSAFE PROGRAMS THAT PASS", ("unsafe", "find"), lambda s: s == "pass"),
        ("CRASHES AND TIMEOUTS", KINDS, lambda s: s.startswith(("crash", "timeout"))),
        ("FALSE ALARMS", ("safe", "none"), lambda s: s == "fail"),
        ("SAFE AND NOT DECIDED", ("safe",), lambda s: s == "undecided"),
        ("UNSAFE AND NOT DECIDED", ("unsafe",), lambda s: s == "undecided"),
        ("DOUBTFUL", ("doubt",), lambda s: True),
    ]:
        some = collections.defaultdict(list)
        for row in rows:
            if row["truth"] in kind and test(row["said"]):
                some[row["program"], row["why"]].append(row["config"] if title != "DOUBTFUL" else f"{row['config']}={row['said']}")
        if some:
            print(f"\n{title}")
            for (program, why), where in sorted(some.items()):
                print(f"  {program:38} {why[:90]}\n      {' '.join(where)}")
    if broken:
        print("\nNOT BUILT")
        for program, config, error in broken:
            print(f"  {program} {config}\n{error[:1500] if options.verbose else error.strip().splitlines()[-1][:200]}")
    unsafe = [row for row in rows if row["truth"] == "unsafe"]
    safe = [row for row in rows if row["truth"] == "safe"]
    if unsafe:
        share = sum(row["said"] == "fail" for row in unsafe) / len(unsafe)
        print(f"\nunsafe that fail: {share:.1%} (90 % asked for)")
        ok &= share >= 0.9
    if safe:
        share = sum(row["said"] == "pass" for row in safe) / len(safe)
        print(f"safe that pass: {share:.1%} (90 % asked for)")
        ok &= share >= 0.9
    passed = sum(row["said"] == "pass" for row in rows if row["truth"] in ("unsafe", "find"))
    print(f"unsafe that pass: {passed} (0 asked for)")
    if rows:
        print(f"longest run: {max(row['seconds'] for row in rows)} s; most memory: {max(row['kilobytes'] for row in rows) // 1024} MB")
    return 0 if ok and not passed and not broken else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Holds the audit's verdicts on programs of Debian against those found by hand (survey.tsv), and writes docs/audit-survey.md.

usage: survey.py [--tool PATH [--args TEMPLATE]] [--only TEXT] [--write FILE]

The addresses in survey.tsv are those of one version of each program. A program of another version is skipped, by its size.
Exit status 1 if an unsafe handler passes, or one of the list is neither found nor covered by an unresolved registration.
"""
import argparse, collections, json, os, pathlib, re, shlex, subprocess, sys, tempfile

from run import limit

HERE = pathlib.Path(__file__).resolve().parent


def run(tool, template, program, seconds=60):
    """Returns exit status, standard output, seconds of CPU time and peak memory in MB."""
    with tempfile.TemporaryFile("w+") as output:
        command = [tool, *(part.replace("{}", program) for part in shlex.split(template))]
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, preexec_fn=lambda: limit(seconds))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return child.returncode, output.read(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def handlers(document):
    """Returns {address: (verdict, chain)} and the number of unresolved registrations of the audit's JSON document."""
    found = {}
    for handler in document.get("handlers", []):
        address = handler.get("address")
        address = int(address, 16) if isinstance(address, str) else address
        findings = handler.get("findings", [])
        worst = next((f for f in findings if f.get("weight") == "fail"), next((f for f in findings if f.get("weight") != "note"), None))
        chain = " -> ".join(map(str, worst.get("chain", []))) + f" ({worst.get('why', '')})" if worst else ""
        found[address] = (handler.get("verdict", "?"), chain, worst.get("kind", worst.get("rule", "")) if worst else "")
    return found, len(document.get("unresolved", []))


def version(program):
    owner = subprocess.run(["dpkg", "-S", program], capture_output=True, text=True).stdout.split(":")[0]
    if not owner:
        owner = subprocess.run(["dpkg", "-S", program.removeprefix("/usr")], capture_output=True, text=True).stdout.split(":")[0]
    if not owner:
        return "?"
    return subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", owner], capture_output=True, text=True).stdout


def right(truth, verdict, found):
    if not found:
        return "not found"
    if truth == "debatable":
        return "accepted"
    if truth == "safe":
        return {"pass": "right", "fail": "FALSE ALARM"}.get(verdict, "not decided")
    return {"fail": "right", "pass": "FALSE PASS"}.get(verdict, "not decided")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool")
    parser.add_argument("--args", default="--json {}")
    parser.add_argument("--only", default="")
    parser.add_argument("--write")
    options = parser.parse_args()
    programs = collections.OrderedDict()
    for line in (HERE / "survey.tsv").read_text().splitlines():
        if not line.startswith("#"):
            program, *rest = line.split("\t")
            if options.only in program:
                programs.setdefault(program, []).append(rest)
    lines, totals, costs = [], collections.Counter(), []
    for program, rows in programs.items():
        found, unresolved, status = {}, 0, None
        if options.tool:
            status, output, seconds, megabytes = run(options.tool, options.args, program)
            try:
                found, unresolved = handlers(json.loads(output))
            except ValueError:
                print(f"{program}: no JSON, status {status}", file=sys.stderr)
            costs.append((program, version(program), status, seconds, megabytes, len(found), unresolved))
        lines += ["", f"### {pathlib.Path(program).name}", "", version(program), "",
                  "| handler | signals | installed by | by hand | why | the tool | chain | right |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
        listed = set()
        for address, signals, by, truth, reason in rows:
            at = int(address, 16)
            listed.add(at)
            verdict, chain, kind = found.get(at, ("-", "", ""))
            judged = right(truth, verdict, at in found) if options.tool else "-"
            if judged in ("right", "accepted") and "where the file has nothing" in chain:
                judged += ", by a false chain"
            if judged == "not found" and unresolved:
                judged = "not found; unresolved call reported"
            totals[truth, judged] += 1
            chain = chain.replace("|", "\\|")
            chain = chain if len(chain) < 160 else chain[:157] + "..."
            lines.append(f"| {address} | {signals} | {by} | {truth} | {reason} | {verdict} | {chain} | {judged} |")
        for at, (verdict, chain, kind) in sorted(found.items(), key=lambda item: item[0] or 0):
            if at not in listed:
                totals["not listed", verdict] += 1
                lines.append(f"| {at or 0:x} | | | not judged | | {verdict} | {chain[:100].replace('|', '')} | - |")
    print("\n".join(lines) if not options.write else "")
    for (truth, judged), count in sorted(totals.items()):
        print(f"{truth:12} {judged:40} {count}")
    for program, name, status, seconds, megabytes, count, unresolved in costs:
        print(f"{program:40} status {status} {seconds:6.2f} s {megabytes:5} MB {count} handlers {unresolved} unresolved")
    if options.write:
        path = pathlib.Path(options.write)
        text = path.read_text()
        cost = ["| program | package | exit status | CPU seconds | MB | handlers found | unresolved |", "| --- | --- | --- | --- | --- | --- | --- |"]
        cost += [f"| {pathlib.Path(p).name} | {n} | {s} | {t:.1f} | {m} | {c} | {u} |" for p, n, s, t, m, c, u in costs]
        tally = ["| by hand | the tool | handlers |", "| --- | --- | --- |"] + [f"| {a} | {b} | {n} |" for (a, b), n in sorted(totals.items())]
        for name, block in (("tally", tally), ("cost", cost if costs else ["Not measured yet."]), ("handlers", lines)):
            text = re.sub(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + "\n".join(block).strip("\n") + "\n" + m[2], text, flags=re.S)
        path.write_text(text)
    return 1 if any(judged in ("FALSE PASS", "not found") for _, judged in totals) else 0


if __name__ == "__main__":
    sys.exit(main())

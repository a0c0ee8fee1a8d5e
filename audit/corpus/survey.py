#!/usr/bin/env python3
"""Holds the audit's verdicts on programs of Debian against those found by hand (survey.tsv), and writes docs/audit-survey.md.

usage: survey.py [--tool PATH [--args TEMPLATE]] [--root DIR] [--only TEXT] [--write FILE]

The addresses in survey.tsv are those of one version of each program. Programs and libraries lie under DIR, by default /. Packages
that are not installed can be fetched by `apt-get download` and unpacked there by `dpkg-deb -x`; their .deb files are to lie in DIR.

A program for which survey.tsv has statements of the reviewer (`assume`) is audited with them once more.
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


def packages(root):
    """Returns {path: package and version} of the .deb files in the directory."""
    known = {}
    for package in sorted(pathlib.Path(root).glob("*.deb")):
        fields = subprocess.run(["dpkg-deb", "-W", "--showformat=${Package} ${Version}", package], capture_output=True, text=True).stdout
        for line in subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True).stdout.splitlines():
            known[line.split()[5].removeprefix(".")] = fields
    return known


def version(program, known):
    if name := known.get(program, known.get(program.removeprefix("/usr"))):
        return name
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
    parser.add_argument("--root", default="/")
    parser.add_argument("--only", default="")
    parser.add_argument("--write")
    options = parser.parse_args()
    root = options.root.rstrip("/")
    known = packages(root) if root else {}
    template = f"--sysroot {shlex.quote(options.root)} {options.args}"
    programs, statements = collections.OrderedDict(), collections.defaultdict(list)
    for line in (HERE / "survey.tsv").read_text().splitlines():
        if not line.startswith("#"):
            program, *rest = line.split("\t")
            if options.only in program and rest[0] == "assume":
                statements[program].append(rest[1])
            elif options.only in program:
                programs.setdefault(program, []).append(rest)
    lines, totals, costs = [], collections.Counter(), []
    decided = collections.Counter()
    for program, rows in programs.items():
        found, unresolved, status = {}, 0, None
        if options.tool:
            status, output, seconds, megabytes = run(options.tool, template, root + program)
            try:
                found, unresolved = handlers(json.loads(output))
            except ValueError:
                print(f"{program}: no JSON, status {status}", file=sys.stderr)
            costs.append((program, version(program, known), status, seconds, megabytes, len(found), unresolved))
        stated = {}
        if options.tool and statements[program]:
            assume = " ".join(f"--assume {shlex.quote(statement)}" for statement in statements[program])
            stated, _ = handlers(json.loads(run(options.tool, f"{assume} {template}", root + program)[1]))
        lines += ["", f"### {pathlib.Path(program).name}", "", version(program, known), "",
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
            if truth == "safe":
                decided["without"] += judged == "right"
                decided["with"] += right(truth, *(stated or found).get(at, ("-",))[:1], at in found) == "right"
                decided["safe"] += 1
            if at in stated and stated[at][0] != verdict:
                judged += f"; {stated[at][0]} with the statements"
            chain = chain.replace("|", "\\|")
            chain = chain if len(chain) < 160 else chain[:157] + "..."
            lines.append(f"| {address} | {signals} | {by} | {truth} | {reason} | {verdict} | {chain} | {judged} |")
        for at, (verdict, chain, kind) in sorted(found.items(), key=lambda item: item[0] or 0):
            if at not in listed:
                totals["not listed", verdict] += 1
                lines.append(f"| {at or 0:x} | | | not judged | | {verdict} | {chain[:100].replace('|', '')} | - |")
    print("\n".join(lines) if not options.write else "")
    print(f"safe: {decided['safe']}; pass without statements: {decided['without']}, with: {decided['with']}")
    for (truth, judged), count in sorted(totals.items()):
        print(f"{truth:12} {judged:40} {count}")
    for program, name, status, seconds, megabytes, count, unresolved in costs:
        print(f"{program:40} status {status} {seconds:6.2f} s {megabytes:5} MB {count} handlers {unresolved} unresolved")
    if options.write:
        path = pathlib.Path(options.write)
        text = path.read_text()
        cost = ["| program | package | exit status | CPU seconds | MB | handlers found | unresolved |", "| --- | --- | --- | --- | --- | --- | --- |"]
        cost += [f"| {pathlib.Path(p).name} | {n} | {s} | {t:.1f} | {m} | {c} | {u} |" for p, n, s, t, m, c, u in costs]
        rows = [f"| {pathlib.Path(p).name} | {', '.join(f'`{s}`' for s in all)} |" for p, all in statements.items() if all]
        stated = ["| program | statements |", "| --- | --- |", *rows, "", "| of the safe handlers | pass |", "| --- | --- |",
                  f"| without statements | {decided['without']} of {decided['safe']} |",
                  f"| with statements | {decided['with']} of {decided['safe']} |"]
        tally = ["| by hand | the tool | handlers |", "| --- | --- | --- |"] + [f"| {a} | {b} | {n} |" for (a, b), n in sorted(totals.items())]
        for name, block in (("tally", tally), ("stated", stated), ("cost", cost if costs else ["Not measured yet."]), ("handlers", lines)):
            text = re.sub(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + "\n".join(block).strip("\n") + "\n" + m[2], text, flags=re.S)
        path.write_text(text)
    return 1 if any(judged in ("FALSE PASS", "not found") for _, judged in totals) else 0


if __name__ == "__main__":
    sys.exit(main())

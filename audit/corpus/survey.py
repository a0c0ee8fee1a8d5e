#!/usr/bin/env python3
"""Runs the audit on the programs of survey.tsv and holds its verdicts against those found by hand.

usage: survey.py --tool PATH [--args TEMPLATE] [--markdown FILE] [PROGRAM...]

The addresses in survey.tsv are those of one version of each program, which the table in docs/audit-survey.md names.
Exit status 1 if an unsafe handler passes, or one of the list is neither found nor covered by an unresolved call.
"""
import argparse, collections, json, pathlib, resource, shlex, subprocess, sys, time

HERE = pathlib.Path(__file__).resolve().parent


def run(tool, template, program, seconds):
    command = ["/usr/bin/time", "-f", "%e %M", tool, *(part.replace("{}", program) for part in shlex.split(template))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, errors="replace",
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)))
    except subprocess.TimeoutExpired:
        return None, "", f"more than {seconds} s", 0
    lines = done.stderr.strip().splitlines() or ["0 0"]
    seconds, kilobytes = lines[-1].split()[:2]
    return done.returncode, done.stdout, float(seconds), int(kilobytes) // 1024

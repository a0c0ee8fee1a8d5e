#!/usr/bin/env python3
"""Gives the audit files that are damaged or of another kind. It must never crash, hang, take much memory, or pass.

usage: malformed.py --tool PATH [--args TEMPLATE] --file PROGRAM [--rounds N] [--seed N]

PROGRAM has an unsafe handler. Its headers are damaged in known ways, and then bytes of its headers, tables and sections at random.
"""
import argparse, pathlib, random, struct, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from run import audit  # noqa: E402


def known(data):
    """Yields (name, bytes, whether a pass would be right) for the known damages."""
    def put(offset, form, value):
        copy = bytearray(data)
        struct.pack_into(form, copy, offset, value)
        return bytes(copy)

    shoff = struct.unpack_from("<Q", data, 40)[0]
    phoff = struct.unpack_from("<Q", data, 32)[0]
    phnum, shnum = struct.unpack_from("<H", data, 56)[0], struct.unpack_from("<H", data, 60)[0]
    yield "empty", b""
    yield "text", b"#!/bin/sh\necho hello\n"
    yield "magic-only", data[:4]
    for size in (16, 63, 64, 100, 0x1000, len(data) // 2, len(data) - 1):
        yield f"cut-at-{size}", data[:size]
    yield "class-32", put(4, "B", 1)
    yield "class-9", put(4, "B", 9)
    yield "big-endian", put(5, "B", 2)
    for machine in (3, 40, 183, 243, 0xFFFF):
        yield f"machine-{machine}", put(18, "<H", machine)
    for kind in (0, 1, 4, 0xFE00):
        yield f"type-{kind}", put(16, "<H", kind)
    for name, offset in (("phoff", 32), ("shoff", 40)):
        for value in (0, 1, len(data) - 8, len(data), 1 << 32, (1 << 64) - 1):
            yield f"{name}-{value:#x}", put(offset, "<Q", value)
    for name, offset in (("phentsize", 54), ("phnum", 56), ("shentsize", 58), ("shnum", 60), ("shstrndx", 62)):
        for value in (0, 1, 0xFFFF):
            yield f"{name}-{value:#x}", put(offset, "<H", value)
    for i in range(phnum):
        for field, place in (("offset", 8), ("vaddr", 16), ("filesz", 32), ("memsz", 40), ("align", 48)):
            yield f"segment-{i}-{field}-huge", put(phoff + 56 * i + place, "<Q", (1 << 63) + 7)
    for i in range(shnum):
        for field, place in (("addr", 16), ("offset", 24), ("size", 32), ("entsize", 56)):
            yield f"section-{i}-{field}-huge", put(shoff + 64 * i + place, "<Q", (1 << 62) + 5)
        yield f"section-{i}-link", put(shoff + 64 * i + 40, "<I", 0xFFFFFFF0)
        yield f"section-{i}-entsize-zero", put(shoff + 64 * i + 56, "<Q", 0)


def sections(data):
    """Returns {name: (index, offset in the file, size, address)} of the sections."""
    shoff, shnum, shstrndx = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 60)
    heads = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + 64 * i) for i in range(shnum)]
    names = heads[shstrndx][4]
    return {data[names + h[0]:data.index(b"\0", names + h[0])].decode(): (i, h[4], h[5], h[3]) for i, h in enumerate(heads)}


def lies(data, handler):
    """Yields files whose section headers say something harmless and whose segments, which the kernel loads, do not.

    handler is the address of the unsafe handler.
    """
    shoff = struct.unpack_from("<Q", data, 40)[0]
    table = sections(data)

    def moved(name, content):
        index = table[name][0]
        copy = bytearray(data) + content
        struct.pack_into("<Q", copy, shoff + 64 * index + 24, len(data))
        return bytes(copy)

    _, offset, size, address = table[".text"]
    text = bytearray(data[offset:offset + size])
    text[handler - address] = 0xC3
    yield "lie-text", moved(".text", bytes(text))
    for name in (".dynstr", ".strtab"):
        if name in table:
            _, offset, size, _ = table[name]
            yield f"lie-{name[1:]}", moved(name, data[offset:offset + size].replace(b"\0puts\0", b"\0time\0").replace(b"\0printf\0", b"\0getpid\0").replace(b"puts@", b"time@"))
    if ".rela.plt" in table:
        _, offset, size, _ = table[".rela.plt"]
        rows = [data[offset + i:offset + i + 24] for i in range(0, size, 24)]
        wrong = b"".join(row[:8] + rows[(i + 1) % len(rows)][8:16] + row[16:] for i, row in enumerate(rows))
        yield "lie-rela-plt", moved(".rela.plt", wrong)
    for name in (".symtab", ".eh_frame", ".rodata", ".data.rel.ro", ".got", ".got.plt", ".rela.dyn"):
        if name in table:
            yield f"lie-{name[1:]}-zero", moved(name, bytes(table[name][2]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--args", default="{}")
    parser.add_argument("--file", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", default="target/corpus/malformed")
    options = parser.parse_args()
    out = pathlib.Path(options.build)
    out.mkdir(parents=True, exist_ok=True)
    data = pathlib.Path(options.file).read_bytes()
    cases = list(known(data))
    debug = out / "only-debug"
    subprocess.run(["objcopy", "--only-keep-debug", options.file, str(debug)], check=True)
    cases.append(("only-debug", debug.read_bytes()))
    symbols = subprocess.run(["nm", options.file], capture_output=True, text=True).stdout
    places = [int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(" handler")]
    cases += lies(data, places[0]) if places else []
    noise = random.Random(options.seed)
    for n in range(options.rounds):
        copy = bytearray(data)
        for _ in range(noise.choice((1, 4, 32))):
            zone = noise.choice(((0, 1024), (0, len(copy)), (max(0, len(copy) - 8192), len(copy))))
            copy[noise.randrange(zone[0], min(zone[1], len(copy)))] = noise.choice((0, 1, 0x7F, 0x80, 0xFF, noise.randrange(256)))
        cases.append((f"noise-{n}", bytes(copy)))
    counts, bad = {}, []
    for name, content in cases:
        file = out / name
        file.write_bytes(content)
        said, seconds, memory, log = audit(options.tool, options.args, file, 20)
        counts[said] = counts.get(said, 0) + 1
        first = log.read_text(errors="replace").splitlines()[:1]
        if said not in ("fail", "undecided") or seconds > 5 or memory > 500_000:
            bad.append((name, said, f"{seconds:.1f} s", f"{memory // 1024} MB", *first))
        elif "panicked" in log.read_text(errors="replace"):
            bad.append((name, "panic with exit status of a verdict"))
        else:
            file.unlink()
            log.unlink()
    print(counts)
    for row in bad:
        print("  ", *row)
    # A mutation may destroy the call that makes the program unsafe, so that a pass of noise is only listed.
    return 1 if any(not (row[0].startswith("noise") and row[1] == "pass") for row in bad) else 0


if __name__ == "__main__":
    sys.exit(main())

//! Handlers of a few instructions for aarch64 and riscv64, most with one defect: the audit must find that one.

use std::path::Path;

/// Where a handler begins, in the file that [`elf`] makes.
const HANDLER: u64 = 0x10000;

/// Where a function called `other` is.
const OTHER: u64 = 0x10800;

/// Where an object of 64 bytes called `RING` is.
const RING: u64 = 0x20128;

const AARCH64: (u16, &str) = (183, include_str!("../../fixtures/seeded/aarch64.txt"));

const RISCV64: (u16, &str) = (243, include_str!("../../fixtures/seeded/riscv64.txt"));

/// An ELF program for a machine with `code` as its handler.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let mut text = code.to_vec();
    text.resize((OTHER - HANDLER) as usize + 4, 0);
    let names = b"\0handler\0other\0RING\0__global_pointer$\0.text\0.bss\0.symtab\0.strtab\0";
    let name = |wanted: &[u8]| {
        names
            .windows(wanted.len())
            .position(|w| w == wanted)
            .unwrap() as u32
    };
    let symbol = |of: &[u8], kind: u8, section: u16, at: u64, size: u64| {
        let mut bytes = name(of).to_le_bytes().to_vec();
        bytes.extend([0x10 | kind, 0]);
        bytes.extend(section.to_le_bytes());
        bytes.extend(at.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes
    };
    const OBJECT: u8 = 1;
    const FUNCTION: u8 = 2;
    let symbols = [
        vec![0; 24],
        symbol(b"handler", FUNCTION, 1, HANDLER, code.len() as u64),
        symbol(b"other", FUNCTION, 1, OTHER, 4),
        symbol(b"RING", OBJECT, 2, RING, 64),
        symbol(b"__global_pointer$", 0, 2, RING, 0),
    ]
    .concat();
    const HEADER: usize = 64;
    let (at_symbols, at_names) = (HEADER + text.len(), HEADER + text.len() + symbols.len());
    let at_sections = at_names + names.len();
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    file.extend(machine.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    for word in [HANDLER, 0, at_sections as u64] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    for half in [HEADER as u16, 0, 0, 64, 5, 4] {
        file.extend(half.to_le_bytes());
    }
    file.extend(&text);
    file.extend(&symbols);
    file.extend(names);
    let mut section = |of: &[u8], kind: u32, flags, at, offset: usize, size, link: u32, entry| {
        file.extend(name(of).to_le_bytes());
        file.extend(kind.to_le_bytes());
        for word in [flags, at, offset as u64, size as u64] {
            file.extend(u64::to_le_bytes(word));
        }
        file.extend(link.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        for word in [1, entry] {
            file.extend(u64::to_le_bytes(word));
        }
    };
    section(b"\0", 0, 0, 0, 0, 0, 0, 0);
    section(b".text", 1, 6, HANDLER, HEADER, text.len(), 0, 0);
    section(b".bss", 8, 3, RING, 0, 64, 0, 0);
    section(b".symtab", 2, 0, 0, at_symbols, symbols.len(), 4, 24);
    section(b".strtab", 3, 0, 0, at_names, names.len(), 0, 0);
    file
}

/// Audits a handler; returns the exit code, the rules that it breaks in order, and its instructions.
fn audit(machine: u16, code: &[u8], more: &[&str]) -> (i32, Vec<String>, Vec<String>) {
    let id = std::thread::current().id();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("machine-{machine}-{id:?}"));
    std::fs::write(&path, elf(machine, code)).unwrap();
    let binary = path.to_str().unwrap();
    let options = [
        &[
            "--policy",
            "leaf",
            "--binary",
            binary,
            "--handler",
            "handler",
        ],
        more,
    ];
    let (status, text) = super::common::audit(&options.concat());
    let mut rules: Vec<String> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("violation[")?.split_once(']')?.0.into()))
        .collect();
    rules.sort();
    rules.dedup();
    let (_, listing) = text.split_once("\nhandler:\n").unwrap_or_default();
    let instructions = listing
        .lines()
        .map(|line| {
            line.split_whitespace()
                .skip(1)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    (status, rules, instructions)
}

/// Each line of a table has the rules that a handler breaks, its bytes, and its instructions as the listing has them.
#[test]
fn each_seeded_defect_is_rejected_for_its_own_reason() {
    let mut wrong = String::new();
    for (machine, table) in [AARCH64, RISCV64] {
        let table = table.replace("\n  ", " ");
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let bytes = cells[1].as_bytes().chunks(2);
            let code: Vec<u8> = bytes
                .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
                .collect();
            let (status, rules, instructions) = audit(machine, &code, &[]);
            assert_eq!(status, i32::from(!rules.is_empty()), "{line}");
            let found = [&rules.join(" "), cells[1], &instructions.join("; ")].join(" | ");
            if found.trim() != line {
                wrong += &format!("{found}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "not as in the tables:\n{wrong}");
}

#[test]
fn too_many_instructions_are_rejected() {
    const AARCH64_NOP: &[u8] = &[0x1f, 0x20, 0x03, 0xd5];
    const AARCH64_RET: &[u8] = &[0xc0, 0x03, 0x5f, 0xd6];
    const RISCV64_NOP: &[u8] = &[0x01, 0x00];
    const RISCV64_RET: &[u8] = &[0x82, 0x80];
    for ((machine, _), nop, ret) in [
        (AARCH64, AARCH64_NOP, AARCH64_RET),
        (RISCV64, RISCV64_NOP, RISCV64_RET),
    ] {
        let rules_of =
            |count, more: &[&str]| audit(machine, &[&nop.repeat(count), ret].concat(), more).1;
        assert!(rules_of(39, &[]).is_empty());
        assert_eq!(rules_of(40, &[]), ["budget"]);
        assert_eq!(rules_of(2, &["--budget", "2"]), ["budget"]);
    }
}

#[test]
fn what_is_read_on_x86_64_alone_is_refused() {
    let leaf = &["--policy", "leaf"][..];
    for (machine, _) in [AARCH64, RISCV64] {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("machine-{machine}"));
        std::fs::write(&path, elf(machine, &[0; 4])).unwrap();
        let binary = path.to_str().unwrap();
        let follow = ["--handler", "handler", "--follow"];
        for (options, reason) in [
            (&[leaf, &follow].concat(), "--follow"),
            (&leaf.to_vec(), "--handler SYMBOL"),
            (&vec![], "x86-64"),
        ] {
            let (status, text) =
                super::common::audit(&[options, &["--binary", binary][..]].concat());
            assert_eq!(status, 2, "{text}");
            assert!(text.contains("cannot decide"), "{text}");
            assert!(text.contains(reason), "{text}");
        }
    }
}

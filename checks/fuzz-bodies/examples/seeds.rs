//! Writes the inputs that were made by hand: `cargo run -p fuzz-bodies --example seeds` puts them into `fuzz/corpus`.
//!
//! The rest of a corpus was found by fuzzing and has a hash for a name.

use std::fs;
use std::io;

use fuzz_bodies::corpus;
use fuzz_bodies::dialects::SPECS;
use fuzz_bodies::frame::{CUT_SHIFT, REPAIR, TEXT};
use fuzz_bodies::sender::HASTY;
use fuzz_bodies::words::WORDS_ONLY;
use minitalk::wire::control::{Answer, Ask, Status};
use minitalk::wire::frame::header;

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn main() -> io::Result<()> {
    for (target, seeds) in [
        ("decoder", decoder()),
        ("dialects", dialects()),
        ("frame", frame()),
        ("link", link()),
        ("ring", ring()),
        ("roundtrip", roundtrip()),
        ("sender", sender()),
        ("words", words()),
    ] {
        let directory = corpus::root().join(target);
        fs::create_dir_all(&directory)?;
        for (name, bytes) in seeds {
            fs::write(directory.join(format!("seed-{name}")), bytes)?;
        }
    }
    Ok(())
}

/// A text in each dialect that can be given, and clients that have to be found out.
fn dialects() -> Seeds {
    const NAMES: [&str; SPECS.len()] = [
        "given-00", "given-01", "given-02", "given-03", "given-04", "given-05", "given-06",
        "given-07", "given-08", "given-09", "given-10", "given-11", "given-12", "given-13",
        "given-14", "given-15",
    ];
    let given = |which: u8, text: &[u8]| [&[0, which], text].concat();
    let mut seeds: Seeds = (0..)
        .zip(NAMES)
        .map(|(i, name)| (name, given(i, "Hé\n".as_bytes())))
        .collect();
    // One that handles these signals and sends the bits of `bytes` after this silence, seen to sleep or not.
    let bits = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .flat_map(|byte| (0..8).map(move |i| byte >> (7 - i) & 1))
            .collect()
    };
    let sent = |bits: &[u8], flags: u8| -> Vec<u8> { bits.iter().map(|bit| bit | flags).collect() };
    let (soon, later, much_later, sleeps, written) = (1 << 1, 2 << 1, 3 << 1, 8, 16 | 32);
    let client =
        |handles: u8, parts: &[Vec<u8>]| [&[1, handles], parts.concat().as_slice()].concat();
    let lsb: Vec<u8> = bits(&b"Hello you\0".map(u8::reverse_bits));
    seeds.extend([
        ("given-empty", given(0, b"")),
        ("given-too-long", given(0, &[b'x'; 70])),
        ("given-no-text", given(0, b"\xFF\xFE")),
        (
            "waits",
            client(
                1,
                &[
                    sent(&bits(b"Hello\0"), soon | sleeps),
                    sent(&bits(b"Hi\0"), soon | sleeps | written),
                ],
            ),
        ),
        (
            "lsb-waits",
            client(
                3,
                &[
                    sent(&lsb, later | sleeps),
                    sent(&[0; 3], much_later | written),
                ],
            ),
        ),
        (
            "paced",
            client(
                0,
                &[
                    sent(&bits(b"Hello you\0"), soon),
                    sent(&bits(b"A\0"), much_later | written),
                ],
            ),
        ),
        (
            "length",
            client(
                2,
                &[
                    sent(&bits(b"\0\0\0\x05Hello"), 0),
                    sent(&bits(b"\0"), much_later | written),
                ],
            ),
        ),
        (
            "handshake",
            client(
                3,
                &[
                    sent(&[&[0][..], &bits(b"Hello\0")].concat(), soon),
                    sent(&[0; 8], much_later | sleeps | written),
                ],
            ),
        ),
        (
            "nonsense",
            client(
                1,
                &[
                    sent(&bits(b"\x01\xC0\xFF\x80\x03\xC1"), soon),
                    sent(&bits(b"Hello\0"), much_later),
                ],
            ),
        ),
        ("frame", client(1, &[sent(&bits(b"\xFB\x01\0\0"), soon)])),
        (
            "two-answers-to-tell-apart",
            client(2, &[sent(&bits(b"22\0"), later)]),
        ),
    ]);
    seeds
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = [&header(payload.len() as u32)[..], payload].concat();
    let crc = crc32fast::hash(&bytes);
    bytes.extend(crc.to_be_bytes());
    bytes
}

/// The options, the limit, the parts one after the other.
fn stream(options: u8, limit: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[options, limit], parts.concat().as_slice()].concat()
}

fn frame() -> Seeds {
    let long: Vec<u8> = (1..=60).collect();
    let mut flipped = framed(b"hello");
    flipped[8] ^= 1;
    vec![
        ("empty-frame", stream(0, 0, &[&framed(b"")])),
        ("protocol-md", stream(0, 9, &[&framed(b"Hi")])),
        (
            "two-frames",
            stream(0, 9, &[&framed(b"one"), &framed(b"\0\0")]),
        ),
        ("at-limit", stream(TEXT, 60, &[&framed(&long)])),
        ("over-limit", stream(TEXT, 59, &[&framed(&long)])),
        (
            "longest-length",
            stream(0, 255, &[&[0xFB, 1, 255, 255, 255, 255]]),
        ),
        ("version-0", stream(TEXT, 9, &[&[0xFB, 0, 0, 0]])),
        ("version-2", stream(0, 9, &[&[0xFB, 2, 0, 0]])),
        ("checksum", stream(0, 9, &[&flipped, &framed(b"next")])),
        ("repaired", stream(REPAIR, 9, &[&flipped, &framed(b"next")])),
        ("cut-bit", stream(1 << CUT_SHIFT, 9, &[&framed(b"cut")])),
        ("cut-byte", stream(TEXT, 9, &[&framed(b"cut")[..10]])),
        (
            "text",
            stream(TEXT, 9, &[b"hello\0", "h\u{e9}\u{1F600}\0".as_bytes()]),
        ),
        ("text-refused", stream(0, 9, &[b"hello\0"])),
        ("text-at-limit", stream(TEXT, 5, &[b"hello\0hello!\0ok\0"])),
        ("text-cut-character", stream(TEXT, 9, &[b"ab\xC3\0ok\0"])),
        (
            "not-text-too-long",
            stream(TEXT, 2, &[b"\xF8abc\0\xF7abc\0"]),
        ),
        (
            "cut-first-bits",
            stream(7 << CUT_SHIFT, 9, &[&framed(b"cut"), &[0xFB]]),
        ),
        ("text-not-text", stream(TEXT, 9, &[b"\xF8abc\0\xFF\0ok\0"])),
        ("nuls", stream(TEXT, 0, &[&[0; 4], b"a\0", &framed(b"")])),
        ("mixed", stream(TEXT, 9, &[b"a\0", &framed(b"b\0"), b"c\0"])),
    ]
}

/// Operations of sender 0, each a byte for who and how often and the operation itself.
fn decoder() -> Seeds {
    let hellos: &[u8] = &[0, 0x06, 7, 0, 0x16, 7];
    let frame: &[u8] = &[0, 0x04, 2, b'H', b'i'];
    let settle: &[u8] = &[0, 0x0D];
    let value = |bit: u8, value: u64| [&[0, bit | 5], &value.to_le_bytes()[..]].concat();
    let say = |text: &[u8]| -> Vec<u8> { text.iter().flat_map(|b| [0, 0x02, *b]).collect() };
    let input = |limit: u8, parts: &[&[u8]]| [&[limit], parts.concat().as_slice()].concat();
    let resend_next: &[u8] = &[0, 0x18, 2];
    let resend_last: &[u8] = &[0, 0x18, 3];
    let ask_words: &[u8] = &[0, 0xE0, 8];
    let standing: &[u8] = &[0, 0xE0, 0];
    let in_words: &[u8] = &[0, 0xE5, 2, b'H', b'i'];
    // The last word again, as a question; and the first word of a frame of 2 bytes, then the second.
    let again: &[u8] = &[0, 0xF9, 3, 0];
    let any = |index: u32, bytes: &[u8]| {
        let mut word = [0; 24];
        word[..bytes.len()].copy_from_slice(bytes);
        [&[0, 0xEE], &(index + 1).to_le_bytes()[..], &word].concat()
    };
    let hi = framed(b"Hi");
    let header: &[u8] = &any(0, &hi[..8]);
    let tail: &[u8] = &any(1, &hi[8..]);
    let hello = Ask::Hello { tag: 7, version: 1 }.value();
    let index = (1 << 40) - 1;
    let far = Ask::Resend { tag: 7, index }.value();
    let status = Status::Delivered(80);
    let no_question = Answer { tag: 7, status }.value();
    vec![
        ("transfer", input(9, &[hellos, frame, settle])),
        ("transfer-failed", input(9, &[hellos, frame, &[0, 0x1D, 8]])),
        (
            "transfer-over",
            input(9, &[hellos, frame, frame, settle, &say(b"ok\0")]),
        ),
        ("too-long", input(1, &[hellos, frame, resend_next])),
        ("text", input(9, &[&say(b"hello\0\0a\0"), settle, settle])),
        ("text-too-long", input(2, &[&say(b"hello\0ok\0")])),
        (
            "resends",
            input(9, &[hellos, resend_next, resend_last, resend_next, frame]),
        ),
        (
            "resend-ahead",
            input(9, &[hellos, &[0, 0x18, 1], resend_next]),
        ),
        (
            "resend-unannounced",
            input(9, &[&[0x1C, 0x08, 2], resend_last]),
        ),
        (
            "abandoned",
            input(9, &[hellos, &say(b"\xFB\x01"), &[0, 0x06, 8]]),
        ),
        (
            "half-hello",
            input(9, &[&[0, 0x06, 7, 0, 0x10], hellos, frame]),
        ),
        ("hello-backwards", input(9, &[&[0, 0x16, 7, 0, 0x06, 7]])),
        ("version", input(9, &[&[0, 0x07, 2, 0, 0x17, 0]])),
        (
            "held",
            input(9, &[hellos, &[0, 0x1B, 0, 0x10], resend_last, &[0, 0x0C]]),
        ),
        ("refused", input(9, &[hellos, &[0, 0x0F, 7], frame, hellos])),
        (
            "resend-refused",
            input(9, &[hellos, &[0, 0x0F, 7], resend_next, &[0, 0x0A, 7, 1]]),
        ),
        (
            "drop-half",
            input(9, &[&say(b"he"), &[0, 0x1F, 6], &say(b"lo\0")]),
        ),
        (
            "values",
            input(9, &[&value(0, hello), &value(16, hello), &value(0, far)]),
        ),
        (
            "settled-in-mid-message",
            input(9, &[&say(b"a\0"), &[0, 0], settle, &[0, 8, 3]]),
        ),
        ("version-257", input(9, &[&value(0, hello | 1 << 8)])),
        (
            "no-question",
            input(9, &[&value(0, no_question), &value(0, u64::MAX)]),
        ),
        (
            "words",
            input(9, &[hellos, ask_words, in_words, settle, again, hellos]),
        ),
        (
            "words-unasked",
            input(9, &[in_words, hellos, in_words, ask_words, in_words]),
        ),
        (
            "words-of-another",
            input(9, &[hellos, &[0, 0xE4, 9, 8], ask_words, &[0, 0xE4, 9, 8]]),
        ),
        (
            "words-too-wide",
            input(9, &[hellos, &[0, 0xE0, 9, 0, 0xE0, 7], in_words]),
        ),
        (
            "words-standing",
            input(
                9,
                &[
                    standing, hellos, standing, ask_words, standing, in_words, standing,
                ],
            ),
        ),
        (
            "words-amiss",
            input(
                9,
                &[hellos, ask_words, &[0, 0xF9, 0, 1, 0, 0xF9, 3, 1], in_words],
            ),
        ),
        (
            "words-rejected",
            input(9, &[hellos, ask_words, &[0, 0xE9, 2, 7], again, in_words]),
        ),
        (
            "words-held",
            input(
                9,
                &[hellos, ask_words, &[0, 0x1B], again, in_words, &[0, 0x0C]],
            ),
        ),
        (
            "words-given-up",
            input(9, &[hellos, ask_words, &[0, 0], ask_words, in_words, frame]),
        ),
        (
            "words-given-up-again",
            input(9, &[hellos, ask_words, resend_next, resend_last, ask_words]),
        ),
        (
            "words-not-given-up",
            input(
                9,
                &[
                    hellos,
                    ask_words,
                    header,
                    &[0, 0],
                    resend_next,
                    resend_last,
                    tail,
                ],
            ),
        ),
        (
            "words-after-bits",
            input(9, &[hellos, &[0, 0x10], ask_words, in_words]),
        ),
        (
            "words-of-24",
            input(
                40,
                &[
                    &[2, 0x06, 7, 2, 0x16, 7, 2, 0xE0, 24],
                    &[2, 0xE5, 30],
                    &[b'x'; 30],
                    &[2, 0x0D],
                ],
            ),
        ),
        (
            "four-senders",
            input(9, &[hellos, &[1, 4, 1, 1, 2, 4, 1, 2, 3, 6, 3], frame]),
        ),
    ]
}

/// See `link::Op` for the bytes.
fn link() -> Seeds {
    let run = |client: u8, rounds: u8| vec![client | 12 << 2, rounds];
    let stray = |slot: u8| 3 | 5 << 2 | slot << 6;
    let lose = |slot: u8| 3 | 4 << 2 | slot << 6;
    let pass: &[u8] = &[11 << 2, 30];
    let to_ring: &[u8] = &[0, 3 | 2 << 2, 3 | 2 << 2 | 1 << 6];
    let restart: &[u8] = &[10 << 2, 2, b'n', b'o'];
    vec![
        ("nothing", vec![]),
        ("clean", run(0, 255)),
        (
            "strays",
            [&run(0, 9)[..], &[stray(0), stray(1)], &run(0, 99)].concat(),
        ),
        (
            "lost",
            [&run(0, 9)[..], &[0, lose(0), lose(1)], pass, &run(0, 9)].concat(),
        ),
        (
            "answer-lost",
            [&run(0, 9)[..], to_ring, &[3 | 3 << 2, 4 << 2], pass].concat(),
        ),
        (
            "repeated",
            [&run(0, 9)[..], to_ring, pass, to_ring, pass, to_ring].concat(),
        ),
        (
            "merged",
            [&run(0, 9)[..], &run(1, 9), &[0, 1, 0, 1], pass, &[1, 0]].concat(),
        ),
        (
            "held",
            [&run(0, 9)[..], &[6 << 2], &run(0, 9), &[7 << 2]].concat(),
        ),
        (
            "unwritten",
            [
                &run(0, 81)[..],
                to_ring,
                &[3 | 3 << 2, 0],
                pass,
                &[0, 8 << 2 | 1 << 6],
            ]
            .concat(),
        ),
        ("idle", [&run(0, 9)[..], &[9 << 2], &run(0, 9)].concat()),
        (
            "restart",
            [&run(0, 9)[..], to_ring, restart, to_ring, &run(0, 9)].concat(),
        ),
        (
            "restart-at-hello",
            [&run(0, 1)[..], to_ring, restart, &run(0, 99)].concat(),
        ),
        (
            "next-message",
            [&run(0, 99)[..], restart, &run(0, 120)].concat(),
        ),
        (
            // The first bit of the second client comes between the hellos of the third.
            "late-bit",
            [
                &run(0, 255)[..],
                restart,
                &run(0, 2),
                &[0],
                restart,
                &[0, 3 | 2 << 2, 3 | 3 << 2],
                &[3 | 2 << 2 | 1 << 6, 3 | 3 << 2],
            ]
            .concat(),
        ),
    ]
}

/// See `ring::Op` for the bytes; a push names its producer in the upper five bits.
fn ring() -> Seeds {
    let push = |producer: u8| producer << 3;
    let [pop, is_empty, drain, claim_again, give_back] = [3, 4, 5, 6, 7];
    vec![
        ("nothing", vec![]),
        ("empty", vec![pop, is_empty, drain]),
        ("one", vec![push(0), is_empty, pop, is_empty, pop]),
        ("to-mark", vec![push(0); 6]),
        ("over-mark", [push(0), push(1), push(2), push(3)].repeat(3)),
        ("laps", [push(0), push(1), pop, pop].repeat(12)),
        (
            "drained",
            [push(0), push(0), push(0), push(0), drain].repeat(5),
        ),
        (
            "claims",
            vec![push(0), claim_again, give_back, pop, give_back, pop],
        ),
        ("handed-over", [push(0), push(1), give_back, pop].repeat(5)),
        (
            "below-mark-again",
            [&[push(0); 4][..], &[pop; 3], &[push(1); 4]].concat(),
        ),
    ]
}

/// The length of the pattern of losses, the pattern, the message.
fn roundtrip() -> Seeds {
    let input =
        |pattern: &[u8], message: &[u8]| [&[pattern.len() as u8], pattern, message].concat();
    vec![
        ("empty-message", input(&[], b"")),
        ("message", input(&[], b"Hi")),
        ("nuls", input(&[], &[0; 5])),
        ("ones", input(&[], &[0xFF; 5])),
        ("magic", input(&[], &framed(b""))),
        ("hellos-lost", input(&[0xFF], b"a")),
        ("answers-lost", input(&[[0], [2]].concat().repeat(15), b"b")),
        ("bits-lost", input(&[0x49, 0x92, 0x24].repeat(9), b"c")),
        (
            "long-silence",
            input(&[&[0][..], &[0xFF; 200]].concat(), b"d"),
        ),
        ("mostly-lost", input(&[0xEF; 60], b"")),
        ("long", input(&[1, 2, 4, 8, 16, 32, 64, 128], &[b'x'; 200])),
    ]
}

/// See `sender::Op` for the bytes.
fn sender() -> Seeds {
    let run = |polls: u8| vec![7, polls];
    let input = |options: u8, message: &[u8], operations: &[&[u8]]| {
        let operations = operations.concat();
        [&[options, message.len() as u8], message, &operations].concat()
    };
    let say = |kind: u8, number: u8| vec![3 | kind << 3 | number << 6];
    let other = |kind: u8, number: u8| vec![5 | kind << 3 | number << 6];
    let [greeted, ok, wait, delivered, rejected, reset] = [0, 1, 3, 4, 6, 7];
    let silence: &[u8] = &[2, 25, 0];
    let status = Status::Delivered(80);
    let all_delivered = Answer {
        tag: 0xBEEF,
        status,
    }
    .value();
    let status = Status::Words(3);
    let far = Answer {
        tag: 0xBEEF,
        status,
    }
    .value();
    vec![
        ("clean", input(0, b"Hi", &[&run(120)])),
        ("empty", input(0, b"", &[&run(82), &[0]])),
        (
            "last-ok",
            input(0, b"", &[&run(81), &[0], &say(ok, 2), &[0]]),
        ),
        (
            "hellos",
            input(0, b"", &[&[0], &say(greeted, 0), &[0], &say(ok, 1), &[0]]),
        ),
        (
            "hello-forgotten",
            input(0, b"", &[&run(1), &[0], &say(reset, 0), &[0]]),
        ),
        (
            "wrong-ok",
            input(0, b"", &[&[0], &say(greeted, 0), &[0], &say(ok, 2), &[0]]),
        ),
        (
            "long-round-trip",
            input(
                0,
                b"",
                &[&[0, 2, 63], &say(greeted, 0), &[0], &say(ok, 1), &[0]],
            ),
        ),
        (
            "delivered-all-early",
            input(
                0,
                b"",
                &[&run(9), &[0, 6], &all_delivered.to_le_bytes(), &[0]],
            ),
        ),
        (
            "told-to-wait",
            input(
                HASTY,
                b"a",
                &[&run(9), silence, &say(wait, 1), silence, &say(wait, 2)],
            ),
        ),
        (
            "wait-at-hello",
            input(HASTY, b"a", &[&[0], silence, &say(wait, 1)]),
        ),
        (
            "silent",
            input(HASTY, b"a", &[&run(9), &silence.repeat(40)]),
        ),
        (
            "repetitions",
            input(0, b"a", &[&run(9), &silence.repeat(9), &run(9)]),
        ),
        (
            "old-answers",
            input(0, b"a", &[&run(9), &[0], &say(ok, 1), &say(ok, 0), &[0]]),
        ),
        (
            "too-far",
            input(0, b"a", &[&run(9), &[0], &say(ok, 3), &[0]]),
        ),
        (
            "delivered-early",
            input(0, b"a", &[&run(9), &[0], &say(delivered, 2), &[0]]),
        ),
        (
            "rejected",
            input(0, b"a", &[&run(9), &say(rejected, 0), &[0, 0]]),
        ),
        (
            "forgotten",
            input(0, b"a", &[&run(9), &say(reset, 0), &[0]]),
        ),
        (
            "another-tag",
            input(
                0,
                b"a",
                &[&run(9), &[0], &other(ok, 2), &other(reset, 0), &[0]],
            ),
        ),
        ("words", input(0xE0, b"Hi", &[&run(9), &[0]])),
        ("words-windows", input(0xEE, b"windows", &[&[7, 255]])),
        (
            "words-no-room",
            input(
                0xE2,
                b"words",
                &[
                    &run(3),
                    &[0, 0, 1],
                    silence,
                    &run(9),
                    &[1],
                    silence,
                    &run(99),
                ],
            ),
        ),
        (
            "words-silent",
            input(0xE1, b"a", &[&run(3), &silence.repeat(40)]),
        ),
        (
            "words-wait",
            input(
                0xE2,
                b"a",
                &[
                    &run(3),
                    &[0, 0],
                    &say(wait, 1),
                    &say(wait, 2),
                    &[0],
                    silence,
                    &run(9),
                ],
            ),
        ),
        (
            "words-too-far",
            input(
                0xE0,
                b"a",
                &[&run(3), &[0, 0], &[6], &far.to_le_bytes(), &[0]],
            ),
        ),
        (
            "words-another-tag",
            input(
                0xE2,
                b"words",
                &[
                    &run(3),
                    &[0, 0, 0],
                    &other(ok, 3),
                    &other(delivered, 3),
                    &[0],
                    silence,
                ],
            ),
        ),
        (
            "words-delivered-early",
            input(
                0xE2,
                b"words",
                &[&run(3), &[0, 0, 0], &say(delivered, 3), &[0]],
            ),
        ),
        (
            "words-forgotten",
            input(0xE2, b"words", &[&run(3), &[0, 0, 0], &say(reset, 0), &[0]]),
        ),
        (
            "clock-at-its-end",
            input(HASTY, b"a", &[&run(9), &[2, 63, 2, 63, 0, 0]]),
        ),
    ]
}

/// See `words::Op` for the bytes.
fn words() -> Seeds {
    let input =
        |options: u8, operations: &[&[u8]]| [&[options], operations.concat().as_slice()].concat();
    let only = WORDS_ONLY;
    let run = |rounds: u8| vec![13, rounds];
    let restart = |len: u8| vec![11, len];
    let pass: &[u8] = &[12, 30];
    let to_client = 0x10;
    let [poll, take, process, lose, room, hold, settle, idle] = [0, 2, 4, 6, 7, 8, 9, 10];
    let [release, unsettled, forget] = [hold, settle, idle].map(|op| op | to_client);
    let queue = 2 << 5;
    // One signal of the client and what answers it.
    let there: &[u8] = &[poll, take | queue, process];
    let back: &[u8] = &[take | queue | to_client, process | to_client];
    vec![
        ("nothing", input(0, &[])),
        ("clean", input(only, &[&restart(200), &run(200)])),
        ("wide", input(only | 1, &[&restart(255), &run(200)])),
        ("odd", input(only | 2, &[&restart(99), &run(200)])),
        ("none-offered", input(only | 3, &[&run(9)])),
        ("none-offered-bits", input(3, &[&run(200)])),
        (
            "no-room",
            input(
                only,
                &[
                    &restart(90),
                    &run(2),
                    &[poll, poll, room],
                    &[poll],
                    pass,
                    &[room | 1 << 5],
                    &run(9),
                ],
            ),
        ),
        (
            "little-room",
            input(
                only,
                &[
                    &restart(50),
                    &[room | 2 << 5, room | 1 << 5 | to_client],
                    &run(60),
                ],
            ),
        ),
        (
            "lost",
            input(
                only,
                &[
                    &restart(9),
                    &run(3),
                    &[poll, poll, lose | queue],
                    there,
                    pass,
                    there,
                    back,
                ],
            ),
        ),
        (
            "answers-lost",
            input(
                only,
                &[
                    &run(3),
                    there,
                    &[lose | queue | to_client],
                    pass,
                    there,
                    back,
                ],
            ),
        ),
        (
            "words-twice",
            input(
                only,
                &[
                    &run(3),
                    &[poll, poll],
                    pass,
                    &[poll],
                    pass,
                    &[poll],
                    &run(9),
                ],
            ),
        ),
        (
            "held",
            input(
                only,
                &[
                    &restart(40),
                    &run(2),
                    &[hold],
                    there,
                    back,
                    there,
                    back,
                    there,
                    back,
                    pass,
                    there,
                    &[release],
                ],
            ),
        ),
        (
            "held-at-the-question",
            input(
                0,
                &[
                    &run(1),
                    &[hold],
                    &[poll, take | 1 << 5, process],
                    &[release],
                    there,
                    &[hold],
                    there,
                ],
            ),
        ),
        (
            "unwritten",
            input(
                only,
                &[
                    &run(3),
                    there,
                    there,
                    there,
                    pass,
                    there,
                    back,
                    &[unsettled],
                ],
            ),
        ),
        (
            "written-late",
            input(
                only,
                &[
                    &run(3),
                    there,
                    there,
                    there,
                    pass,
                    there,
                    back,
                    &[settle],
                    back,
                ],
            ),
        ),
        (
            "idle",
            input(only, &[&restart(9), &run(3), there, &[idle], &run(9)]),
        ),
        (
            "restart",
            input(
                only,
                &[
                    &restart(9),
                    &run(3),
                    &[poll, poll, poll],
                    &restart(8),
                    &run(9),
                ],
            ),
        ),
        (
            "restart-at-the-question",
            input(
                only,
                &[&run(2), &[poll, poll], pass, &[poll], &restart(3), &run(9)],
            ),
        ),
        (
            "next-message",
            input(only, &[&run(9), &restart(5), &run(9)]),
        ),
        (
            "forgotten",
            input(only, &[&restart(30), &run(3), &[forget], &run(9)]),
        ),
        (
            "forgotten-at-the-question",
            input(only, &[&run(2), &[poll], &[forget], there, back, &run(9)]),
        ),
        (
            "given-up",
            input(
                0,
                &[&run(2), &[poll, lose | queue, 12, 38].repeat(9), &run(250)],
            ),
        ),
        (
            "given-up-unheard",
            input(
                0,
                &[
                    &run(2),
                    &[
                        poll,
                        take | queue,
                        process,
                        lose | queue | to_client,
                        12,
                        38,
                    ]
                    .repeat(10),
                    &run(250),
                ],
            ),
        ),
        (
            "given-up-and-lost",
            input(
                0,
                &[
                    &run(2),
                    &[
                        poll,
                        take | queue,
                        process,
                        lose | queue | to_client,
                        12,
                        38,
                    ]
                    .repeat(8),
                    &[poll, lose, lose | 1 << 5],
                    &run(250),
                ],
            ),
        ),
    ]
}

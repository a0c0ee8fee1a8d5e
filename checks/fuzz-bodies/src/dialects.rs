//! Clients of other dialects: in a given dialect, and in one that must be detected.
//!
//! Input: an even first byte, then the number of the dialect and the text. Or an odd first byte, then the signals that the
//! client handles and whether the clock is near its end, and a byte for each signal that it sends: which one, the silence
//! before it, whether the client is seen asleep during that, and whether a complete message is reported as written.

use minitalk::Pid;
use minitalk::dialect::ack_choice::HandledSignals;
use minitalk::dialect::ack_timing::SleepState;
use minitalk::dialect::encoder::TextEncoder;
use minitalk::dialect::profile_cache::Profile;
use minitalk::dialect::receiver::{TextAction, TextReceiver};
use minitalk::dialect::{Ack, AckTime, Dialect, Symbol};
use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;

/// The maximum length of a text.
const LIMIT: usize = 64;

/// The memory of a receiver besides that of the symbols: each dialect that is still possible, in every state.
const CANDIDATES: usize = 1 << 20;

/// The given dialects.
const SPECS: [&str; 25] = [
    "classic",
    "order=lsb,one=usr1,ack-signal=usr2",
    "hello=yes,ack=none",
    "head=len16,end=none,final=twice",
    "head=len16,head-bytes=little,counts-end=yes,ack=byte",
    "order=lsb,head=len32,end=none,ack=message,ack-head=last",
    "order=lsb,head=len32,head-order=msb,end=none,final=other",
    "head=len32,head-nul=yes,end=eot",
    "order=lsb,head=len64,head-bytes=big,ack-signal=echo",
    "one=usr1,head=digits,end=none",
    "head=digits10,counts-end=yes,ack-time=before",
    "head=pid,final=both",
    "order=lsb,head=pid,head-order=msb,ack=byte,final=twice",
    "end=etx,ack=message,final=both",
    "end=0x0a,ack-time=before,final=both",
    "hello=yes,hello-signal=usr2,head=len32,ack=bit,final=other",
    "head=pid-digits,end=eot",
    "char-bits=7",
    "order=lsb,char-bits=16,ack=byte",
    "order=lsb,parity=odd,ack=byte",
    "head=nul,final=other",
    "order=lsb,head=stx,end=etx",
    "one=usr1,head=len8,end=none,ack=byte",
    "char-bits=32,chars=unicode",
    "order=lsb,char-bits=16,chars=unicode,ack=none",
];

/// The function by which a receiver takes a symbol; it returns the actions.
pub type Hear<'a> = &'a mut dyn FnMut(&mut TextReceiver, Symbol, Nanos) -> Vec<TextAction>;

/// Feeds `data` to a receiver.
pub fn run(data: &[u8]) {
    check(data, &mut hear);
}

/// Calls [`TextReceiver::handle_symbol`] and returns the actions.
pub fn hear(receiver: &mut TextReceiver, symbol: Symbol, now: Nanos) -> Vec<TextAction> {
    receiver.handle_symbol(symbol, now);
    actions(receiver)
}

fn actions(receiver: &mut TextReceiver) -> Vec<TextAction> {
    std::iter::from_fn(|| receiver.poll_action()).collect()
}

/// Runs the body with `hear` in place of [`hear`](fn@hear).
pub fn check(data: &[u8], hear: Hear<'_>) {
    match data {
        [kind, which, text @ ..] if kind % 2 == 0 => given(*which, text, hear),
        [_, handles, ops @ ..] => unknown(*handles, ops, hear),
        _ => {}
    }
}

fn pid() -> Pid {
    Pid::new(4242).expect("a PID")
}

fn given(which: u8, text: &[u8], hear: Hear<'_>) {
    let spec = SPECS[usize::from(which) % SPECS.len()];
    let dialect: Dialect = spec.parse().expect("a dialect");
    let Ok(encoder) = TextEncoder::new(&dialect, text, pid()) else {
        return;
    };
    let handles = HandledSignals {
        usr1: true,
        usr2: true,
    };
    let mut receiver = TextReceiver::given(dialect, LIMIT, pid(), handles);
    let mut out;
    if dialect.hello {
        out = hear(&mut receiver, dialect.hello_signal, 0);
        let is_admitted =
            matches!(out[..], [TextAction::Acknowledge(ack)] if ack == dialect.hello_signal);
        assert!(is_admitted, "{out:?}");
    }
    let is_text = dialect.head.is_length() || core::str::from_utf8(text).is_ok();
    if dialect.char_bits > 9 && !is_text {
        // A text that is not UTF-8 is read as code points.
        return;
    }
    let is_sound = is_text && text.len() <= LIMIT;
    let mut last = None;
    out = Vec::new();
    for (index, symbol) in encoder.symbols().enumerate() {
        let is_last = index + 1 == encoder.len();
        last = Some(symbol);
        out = hear(&mut receiver, symbol, index as Nanos);
        let is_ack = |action: &TextAction| matches!(action, TextAction::Acknowledge(_));
        if is_last || !out.iter().all(is_ack) {
            if !is_sound {
                assert!(matches!(out[..], [TextAction::Rejected { .. }]), "{out:?}");
                return;
            }
            assert!(is_last, "over at {index} of {}", encoder.len());
            break;
        }
        let due = encoder.is_acknowledged(index);
        let ack = dialect.ack_for(symbol);
        match out[..] {
            [] => assert!(!due, "no acknowledgement of {index}"),
            [TextAction::Acknowledge(found)] => {
                assert!(due && found == ack, "a wrong acknowledgement of {index}");
            }
            _ => panic!("{out:?}"),
        }
    }
    let Some(last) = last else {
        return;
    };
    let mut acks = Vec::new();
    let mut arrived = Vec::new();
    let mut sort = |out: Vec<TextAction>, acks: &mut Vec<Symbol>| {
        for action in out {
            match action {
                TextAction::Acknowledge(symbol) => acks.push(symbol),
                TextAction::Complete(text) => arrived.push(text),
                other => panic!("{other:?}"),
            }
        }
    };
    sort(out, &mut acks);
    let is_early = dialect.ack_time == AckTime::Before;
    assert!(
        is_early || acks.is_empty(),
        "acknowledged before it is written"
    );
    receiver.handle_written(true, 0);
    sort(actions(&mut receiver), &mut acks);
    while let Some(at) = receiver.poll_timeout() {
        receiver.handle_timeout(at, SleepState::Awake);
        sort(actions(&mut receiver), &mut acks);
    }
    assert_eq!(arrived, [text]);
    let (first, second) = dialect.final_acks(last);
    let wanted: Vec<_> = first.into_iter().chain(second).collect();
    assert_eq!(acks, wanted, "{spec}");
    assert!(dialect.ack != Ack::None || acks.is_empty());
}

fn unknown(handles: u8, ops: &[u8], hear: Hear<'_>) {
    const SILENCES: [Nanos; 4] = [1_000, 300_000, 10_000_000, 300_000_000];
    // The clock is near its end.
    let is_late = handles & 4 != 0;
    let handles = HandledSignals {
        usr1: handles & 1 != 0,
        usr2: handles & 2 != 0,
    };
    let mut receiver = TextReceiver::unknown(Profile::default(), LIMIT, pid(), handles);
    let mut now = if is_late {
        Nanos::MAX - 1_000_000_000
    } else {
        0
    };
    let mut unwritten = 0u32;
    let mut out = Vec::new();
    let (mut symbols, mut acks) = (0u64, 0u64);
    for op in ops {
        let silence = SILENCES[usize::from(op >> 1 & 3)];
        let until = now.saturating_add(silence);
        let sleep = match op & 8 {
            0 => SleepState::Awake,
            _ => SleepState::ForSignal,
        };
        // As in the server, at each deadline and not before.
        for _ in 0..8 {
            let Some(at) = receiver.poll_timeout().filter(|at| *at <= until) else {
                break;
            };
            now = at.max(now);
            receiver.handle_timeout(now, sleep);
        }
        now = until;
        if op & 16 != 0 && unwritten > 0 {
            unwritten -= 1;
            receiver.handle_written(op & 32 != 0, now);
        }
        out.extend(actions(&mut receiver));
        let is_first = symbols == 0;
        symbols += 1;
        let symbol = Symbol::from(Bit::from(op & 1 != 0));
        let at_once = hear(&mut receiver, symbol, now);
        let is_ack = |action: &TextAction| matches!(action, TextAction::Acknowledge(_));
        assert!(
            !is_first || !at_once.iter().any(is_ack),
            "acknowledged before the client was watched"
        );
        out.extend(at_once);
        for action in out.drain(..) {
            match action {
                TextAction::Acknowledge(symbol) => {
                    acks += 1;
                    let is_handled = match symbol {
                        Symbol::Usr1 => handles.usr1,
                        Symbol::Usr2 => handles.usr2,
                    };
                    assert!(is_handled, "a signal that is not handled, which kills");
                }
                TextAction::Complete(text) => {
                    unwritten += 1;
                    assert!(text.len() <= LIMIT);
                    assert!(core::str::from_utf8(&text).is_ok(), "garbage");
                }
                TextAction::RanOn(_) => {}
                TextAction::NoMatch(digits) => assert!(digits.len() >= 8 && digits.len() <= 256),
                TextAction::Detected { dialect, .. } => {
                    let spec = dialect.to_string();
                    assert_eq!(spec.parse(), Ok(dialect), "{spec}");
                }
                TextAction::Rejected { .. } | TextAction::Ambiguous { .. } => {}
            }
        }
        assert!(receiver.held_bytes() <= 2 * (LIMIT + 64) + CANDIDATES);
    }
    receiver.handle_exit(handles.usr1, now);
    for action in actions(&mut receiver) {
        if let TextAction::Complete(text) = action {
            assert!(text.len() <= LIMIT && core::str::from_utf8(&text).is_ok());
        }
    }
    // The final acknowledgements, and a probe with the other signal, at most once per message.
    assert!(acks <= 4 * symbols + 4);
}

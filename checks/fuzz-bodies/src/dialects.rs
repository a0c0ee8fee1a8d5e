//! Clients of other dialects: in a given dialect, and in one that must be detected.
//!
//! Input: an even first byte, then the number of the dialect and the text. Or an odd first byte, then the signals that the
//! client handles and whether the clock is near its end, and a byte for each signal that it sends: which one, the silence
//! before it, whether the client is seen asleep during that, and whether a complete message is reported as written.

use minitalk::Pid;
use minitalk::dialect::listener::{Action, Listener};
use minitalk::dialect::manners::Handles;
use minitalk::dialect::profiles::Profile;
use minitalk::dialect::speech::Speech;
use minitalk::dialect::{Ack, AckTime, Dialect};
use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;

/// The maximum length of a text.
const LIMIT: usize = 64;

/// The memory of a listener beside that of the signals: each dialect that is still possible, in every state.
const CANDIDATES: usize = 1 << 20;

/// The given dialects.
const SPECS: [&str; 16] = [
    "classic",
    "order=lsb,one=usr1,ack-signal=usr2",
    "hello=yes,ack=none",
    "head=len16,end=none,final=twice",
    "head=len16,head-bytes=little,counts-end=yes,ack=byte",
    "order=lsb,head=len32,end=none,ack=message",
    "order=lsb,head=len32,head-order=msb,end=none,final=other",
    "head=len32,head-nul=yes,end=eot",
    "order=lsb,head=len64,head-bytes=big,ack-signal=echo",
    "one=usr1,head=digits,end=none",
    "head=digits,counts-end=yes,ack-time=before",
    "head=pid,final=both",
    "order=lsb,head=pid,head-order=msb,ack=byte,final=twice",
    "end=etx,ack=message,final=both",
    "end=0x0a,ack-time=before,final=both",
    "hello=yes,head=len32,ack=bit,final=other",
];

/// The function by which a listener takes a signal.
pub type Hear<'a> = &'a mut dyn FnMut(&mut Listener, Bit, Nanos, &mut Vec<Action>);

/// Feeds `data` to a listener.
pub fn run(data: &[u8]) {
    check(data, &mut Listener::bit);
}

/// Runs the body with `hear` in place of [`Listener::bit`].
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
    let Ok(speech) = Speech::new(&dialect, text, pid()) else {
        return;
    };
    let handles = Handles {
        usr1: true,
        usr2: true,
    };
    let mut listener = Listener::given(dialect, LIMIT, pid(), handles);
    let mut out = Vec::new();
    if dialect.hello {
        hear(&mut listener, Bit::Zero, 0, &mut out);
        assert!(matches!(out[..], [Action::Answer(Bit::Zero)]), "{out:?}");
    }
    let is_text = dialect.head.is_length() || core::str::from_utf8(text).is_ok();
    let is_sound = is_text && text.len() <= LIMIT;
    for index in 0..speech.len() {
        let signal = speech.signal(index).expect("a signal of the speech");
        let is_last = index + 1 == speech.len();
        out.clear();
        hear(&mut listener, signal, index as Nanos, &mut out);
        if is_last
            || out
                .iter()
                .any(|action| !matches!(action, Action::Answer(_)))
        {
            if !is_sound {
                assert!(matches!(out[..], [Action::Rejected { .. }]), "{out:?}");
                return;
            }
            assert!(is_last, "over at {index} of {}", speech.len());
            break;
        }
        let due = speech.is_acknowledged(index);
        let answer = dialect.acknowledgement(signal);
        match out[..] {
            [] => assert!(!due, "no answer to {index}"),
            [Action::Answer(bit)] => assert!(due && bit == answer, "a wrong answer to {index}"),
            _ => panic!("{out:?}"),
        }
    }
    let last = speech.signal(speech.len().saturating_sub(1));
    let Some(last) = last else {
        return;
    };
    let mut answers = Vec::new();
    let mut arrived = Vec::new();
    let mut sort = |out: &mut Vec<Action>, answers: &mut Vec<Bit>| {
        for action in out.drain(..) {
            match action {
                Action::Answer(bit) => answers.push(bit),
                Action::Complete(text) => arrived.push(text),
                other => panic!("{other:?}"),
            }
        }
    };
    sort(&mut out, &mut answers);
    let is_early = dialect.ack_time == AckTime::Before;
    assert!(
        is_early || answers.is_empty(),
        "answered before it is written"
    );
    listener.settle(true, 0, &mut out);
    sort(&mut out, &mut answers);
    while let Some(at) = listener.deadline() {
        listener.poll(at, false, &mut out);
        sort(&mut out, &mut answers);
    }
    assert_eq!(arrived, [text]);
    let (first, second) = dialect.last_acknowledgements(last);
    let wanted: Vec<_> = first.into_iter().chain(second).collect();
    assert_eq!(answers, wanted, "{spec}");
    assert!(dialect.ack != Ack::None || answers.is_empty());
}

fn unknown(handles: u8, ops: &[u8], hear: Hear<'_>) {
    const SILENCES: [Nanos; 4] = [1_000, 300_000, 10_000_000, 300_000_000];
    // The clock is near its end.
    let is_late = handles & 4 != 0;
    let handles = Handles {
        usr1: handles & 1 != 0,
        usr2: handles & 2 != 0,
    };
    let mut listener = Listener::unknown(Profile::default(), LIMIT, pid(), handles);
    let mut now = if is_late {
        Nanos::MAX - 1_000_000_000
    } else {
        0
    };
    let mut unsettled = 0u32;
    let mut out = Vec::new();
    let (mut signals, mut answers) = (0u64, 0u64);
    for op in ops {
        let silence = SILENCES[usize::from(op >> 1 & 3)];
        let until = now.saturating_add(silence);
        let sleeps = op & 8 != 0;
        // As in the server, at each deadline and not before.
        for _ in 0..8 {
            let Some(at) = listener.deadline().filter(|at| *at <= until) else {
                break;
            };
            now = at.max(now);
            listener.poll(now, sleeps, &mut out);
        }
        now = until;
        if op & 16 != 0 && unsettled > 0 {
            unsettled -= 1;
            listener.settle(op & 32 != 0, now, &mut out);
        }
        let is_first = signals == 0;
        signals += 1;
        let before = out.len();
        hear(&mut listener, Bit::from(op & 1 != 0), now, &mut out);
        let at_once = out[before..]
            .iter()
            .filter(|a| matches!(a, Action::Answer(_)));
        assert!(!is_first || at_once.count() == 0, "answered without a look");
        for action in out.drain(..) {
            match action {
                Action::Answer(bit) => {
                    answers += 1;
                    assert!(handles.any(), "an answer to one that it could kill");
                    let handled = match bit {
                        Bit::Zero => handles.usr1,
                        Bit::One => handles.usr2,
                    };
                    assert!(handled, "an answer on a signal that is not handled");
                }
                Action::Complete(text) => {
                    unsettled += 1;
                    assert!(text.len() <= LIMIT);
                    assert!(core::str::from_utf8(&text).is_ok(), "garbage");
                }
                Action::Nonsense(bits) => assert!(bits.len() >= 8 && bits.len() <= 256),
                Action::Learned { dialect, .. } => {
                    let spec = dialect.to_string();
                    assert_eq!(spec.parse(), Ok(dialect), "{spec}");
                }
                Action::Rejected { .. } | Action::Undecided { .. } => {}
            }
        }
        assert!(listener.held_bytes() <= 2 * (LIMIT + 64) + CANDIDATES);
    }
    listener.ended(handles.usr1, now, &mut out);
    for action in out {
        if let Action::Complete(text) = action {
            assert!(text.len() <= LIMIT && core::str::from_utf8(&text).is_ok());
        }
    }
    // The final acknowledgements, and a probe with the other signal, at most once per message.
    assert!(answers <= 4 * signals + 4);
}

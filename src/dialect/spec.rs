//! A dialect in text: `preset`, `key=value,...` or `preset,key=value,...`.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use super::{Ack, AckSignal, AckTime, ByteOrder, Dialect, FinalAck, Head, OnSilence, One, Order};

/// One key of a specification.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The values it takes.
    pub values: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every key, in the order in which a specification is written.
pub const KEYS: &[Key] = &[
    key(
        "order",
        "msb|lsb",
        "which bit of a byte of text comes first",
    ),
    key("one", "usr2|usr1", "which signal is a 1"),
    key(
        "hello",
        "no|yes",
        "the client sends SIGUSR1 and waits for it (SIGUSR2: busy)",
    ),
    key(
        "head",
        "none|len16|len32|len64|digits|pid",
        "what comes before the text: its length, or the client's PID",
    ),
    key(
        "head-order",
        "msb|lsb",
        "which bit of a byte of the head comes first (default: as order)",
    ),
    key(
        "head-bytes",
        "big|little",
        "which byte of the head comes first (default: big if head-order=msb)",
    ),
    key("head-nul", "no|yes", "a NUL follows the length"),
    key("counts-end", "no|yes", "the length counts the end byte"),
    key(
        "end",
        "nul|none|etx|eot|0xNN",
        "the byte after the text; none: its length, or the client's end",
    ),
    key(
        "ack",
        "bit|none|byte|message",
        "what the server acknowledges",
    ),
    key(
        "ack-signal",
        "usr1|usr2|echo",
        "with which signal; echo: the same that came",
    ),
    key(
        "ack-time",
        "after|before",
        "whether it does so after or before a message is handled",
    ),
    key(
        "final",
        "same|other|twice|both",
        "the last acknowledgement: as the others, the other signal, two",
    ),
    key(
        "wait",
        "MILLISECONDS",
        "how long the client waits for an acknowledgement (0: for ever)",
    ),
    key(
        "silence",
        "fail|retry",
        "what it does then: gives up, or sends the bit again",
    ),
    key(
        "pace",
        "auto|MICROSECONDS",
        "after bits without an acknowledgement (auto: until they are taken)",
    ),
];

const fn key(name: &'static str, values: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        values,
        meaning,
    }
}

/// A specification with a name.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it stands for.
    pub spec: &'static str,
    /// Who speaks so.
    pub meaning: &'static str,
}

/// Every preset.
pub const PRESETS: &[Preset] = &[
    preset(
        "classic",
        "",
        "most significant bit first, SIGUSR2 is 1, NUL at the end, SIGUSR1 for every bit",
    ),
    preset(
        "lsb",
        "order=lsb",
        "as classic, least significant bit first",
    ),
    preset("inverted", "one=usr1", "as classic, SIGUSR1 is 1"),
    preset(
        "inverted-lsb",
        "order=lsb,one=usr1",
        "as inverted, least significant bit first",
    ),
    preset("paced", "ack=none", "as classic without acknowledgements"),
    preset(
        "length",
        "head=len32,end=none",
        "the length in 32 bits instead of a NUL",
    ),
    preset(
        "pid",
        "head=pid",
        "the client's PID in 32 bits, then as classic",
    ),
    preset(
        "handshake",
        "hello=yes,ack=none,pace=auto",
        "SIGUSR1 asks and SIGUSR1 admits, then bits without acknowledgements",
    ),
    preset("echo", "ack-signal=echo", "every bit is sent back"),
    preset("byte", "ack=byte", "an acknowledgement for every byte"),
    preset(
        "message",
        "ack=message",
        "one acknowledgement, for the message",
    ),
    preset(
        "two",
        "final=both",
        "as classic, and SIGUSR2 when the message is complete",
    ),
];

const fn preset(name: &'static str, spec: &'static str, meaning: &'static str) -> Preset {
    Preset {
        name,
        spec,
        meaning,
    }
}

impl FromStr for Dialect {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut draft = Draft {
            dialect: Self::CLASSIC,
            head_order: None,
            head_bytes: None,
        };
        for (i, part) in text.split(',').enumerate() {
            match part.split_once('=') {
                Some((key, value)) => draft.set(key.trim_ascii(), value.trim_ascii())?,
                None if i == 0 => {
                    let name = part.trim_ascii();
                    let found = PRESETS.iter().find(|preset| preset.name == name);
                    let preset = found.ok_or_else(|| SpecError::Preset(name.into()))?;
                    for part in preset.spec.split(',').filter(|part| !part.is_empty()) {
                        let (key, value) = part.split_once('=').unwrap_or((part, ""));
                        draft.set(key, value)?;
                    }
                }
                None => return Err(SpecError::Key(part.trim_ascii().into())),
            }
        }
        draft.finish()
    }
}

/// What has been said so far.
struct Draft {
    dialect: Dialect,
    head_order: Option<Order>,
    head_bytes: Option<ByteOrder>,
}

impl Draft {
    fn set(&mut self, key: &str, value: &str) -> Result<(), SpecError> {
        let d = &mut self.dialect;
        let wrong = || SpecError::value(key, value);
        match key {
            "order" => d.order = Order::from_word(value).ok_or_else(wrong)?,
            "one" => d.one = One::from_word(value).ok_or_else(wrong)?,
            "hello" => d.hello = yes(value).ok_or_else(wrong)?,
            "head" => d.head = Head::from_word(value).ok_or_else(wrong)?,
            "head-order" => {
                self.head_order = Some(Order::from_word(value).ok_or_else(wrong)?);
            }
            "head-bytes" => {
                self.head_bytes = Some(ByteOrder::from_word(value).ok_or_else(wrong)?);
            }
            "head-nul" => d.head_nul = yes(value).ok_or_else(wrong)?,
            "counts-end" => d.counts_end = yes(value).ok_or_else(wrong)?,
            "end" => {
                d.end = match value {
                    "none" => None,
                    "nul" => Some(0),
                    "etx" => Some(3),
                    "eot" => Some(4),
                    _ => {
                        let hex = value.strip_prefix("0x").ok_or_else(wrong)?;
                        Some(u8::from_str_radix(hex, 16).map_err(|_| wrong())?)
                    }
                }
            }
            "ack" => d.ack = Ack::from_word(value).ok_or_else(wrong)?,
            "ack-signal" => {
                d.ack_signal = AckSignal::from_word(value).ok_or_else(wrong)?;
            }
            "ack-time" => {
                d.ack_time = AckTime::from_word(value).ok_or_else(wrong)?;
            }
            "final" => d.last = FinalAck::from_word(value).ok_or_else(wrong)?,
            "wait" => d.wait = value.parse().map_err(|_| wrong())?,
            "silence" => {
                d.silence = OnSilence::from_word(value).ok_or_else(wrong)?;
            }
            "pace" if value == "auto" => d.pace = None,
            "pace" => d.pace = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(SpecError::Key(key.into())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Dialect, SpecError> {
        let mut d = self.dialect;
        d.head_order = self.head_order.unwrap_or(d.order);
        d.head_bytes = self.head_bytes.unwrap_or(ByteOrder::matching(d.head_order));
        let has_number = d.head.width().is_some();
        let problem = if (d.head_nul || d.counts_end) && !d.head.is_length() {
            "head-nul and counts-end need a head that is a length"
        } else if d.counts_end && d.end.is_none() {
            "counts-end needs an end byte"
        } else if d.head_nul && d.head == Head::Digits {
            "head=digits ends with a NUL anyway"
        } else if (self.head_order.is_some() || self.head_bytes.is_some()) && !has_number {
            "head-order and head-bytes need a head of 16, 32 or 64 bits"
        } else if d.ack == Ack::None && d.last != FinalAck::Same {
            "final needs acknowledgements: ack=message for one at the end alone"
        } else if d.silence == OnSilence::Retry && (d.wait == 0 || d.ack == Ack::None) {
            "silence=retry needs acknowledgements and a wait"
        } else {
            return Ok(d);
        };
        Err(SpecError::Contradiction(problem))
    }
}

fn yes(value: &str) -> Option<bool> {
    match value {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// What is not as in the preset `classic`; or `classic`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = Self::CLASSIC;
        let mut is_first = true;
        let mut put = |differs: bool, key: &str, value: &dyn fmt::Display| {
            if !differs {
                return Ok(());
            }
            let comma = if core::mem::take(&mut is_first) {
                ""
            } else {
                ","
            };
            write!(f, "{comma}{key}={value}")
        };
        put(self.order != base.order, "order", &self.order.word())?;
        put(self.one != base.one, "one", &self.one.word())?;
        put(self.hello, "hello", &yes_or_no(true))?;
        put(self.head != base.head, "head", &self.head.word())?;
        let has_number = self.head.width().is_some();
        let differs = has_number && self.head_order != self.order;
        put(differs, "head-order", &self.head_order.word())?;
        let differs = has_number && self.head_bytes != ByteOrder::matching(self.head_order);
        put(differs, "head-bytes", &self.head_bytes.word())?;
        put(self.head_nul, "head-nul", &yes_or_no(true))?;
        put(self.counts_end, "counts-end", &yes_or_no(true))?;
        put(self.end != base.end, "end", &End(self.end))?;
        put(self.ack != base.ack, "ack", &self.ack.word())?;
        let differs = self.ack_signal != base.ack_signal;
        put(differs, "ack-signal", &self.ack_signal.word())?;
        put(
            self.ack_time != base.ack_time,
            "ack-time",
            &self.ack_time.word(),
        )?;
        put(self.last != base.last, "final", &self.last.word())?;
        put(self.wait != base.wait, "wait", &self.wait)?;
        put(
            self.silence != base.silence,
            "silence",
            &self.silence.word(),
        )?;
        put(self.pace.is_some(), "pace", &self.pace.unwrap_or(0))?;
        if is_first {
            f.write_str("classic")?;
        }
        Ok(())
    }
}

struct End(Option<u8>);

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(0) => f.write_str("nul"),
            Some(3) => f.write_str("etx"),
            Some(4) => f.write_str("eot"),
            Some(byte) => write!(f, "0x{byte:02x}"),
        }
    }
}

/// Why a text is no dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// There is no such preset.
    Preset(String),
    /// There is no such key.
    Key(String),
    /// The key does not take this value.
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What it takes.
        values: &'static str,
    },
    /// Two keys exclude each other.
    Contradiction(&'static str),
}

impl SpecError {
    fn value(key: &str, value: &str) -> Self {
        let values = KEYS.iter().find(|k| k.name == key);
        Self::Value {
            key: key.into(),
            value: value.to_string(),
            values: values.map_or("", |k| k.values),
        }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(name) => write!(f, "there is no preset {name:?}"),
            Self::Key(key) => write!(f, "there is no key {key:?}"),
            Self::Value { key, value, values } => {
                write!(f, "{key} is not {value:?}, it is one of {values}")
            }
            Self::Contradiction(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for SpecError {}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_preset_is_a_dialect_and_every_dialect_is_read_back() {
        let all: Vec<Dialect> = PRESETS.iter().map(|p| p.name.parse().unwrap()).collect();
        assert_eq!(all[0], Dialect::CLASSIC);
        for dialect in all {
            assert_eq!(format!("{dialect}").parse(), Ok(dialect));
        }
        for spec in [
            "order=lsb,head=len64,head-order=msb,counts-end=yes,final=twice",
            "head=len16,head-bytes=little,head-nul=yes,end=none,ack=byte,ack-time=before",
            "one=usr1,end=0x0a,ack-signal=echo,final=other,wait=20,silence=retry",
            "hello=yes,end=etx,ack=none,pace=250",
        ] {
            let dialect: Dialect = spec.parse().unwrap();
            assert_eq!(format!("{dialect}"), spec);
        }
        let based: Dialect = "lsb,end=eot".parse().unwrap();
        assert_eq!(format!("{based}"), "order=lsb,end=eot");
    }

    #[test]
    fn every_key_is_known_and_every_value_that_it_lists() {
        for key in KEYS {
            for value in key
                .values
                .split('|')
                .filter(|v| v.is_ascii() && **v == v.to_lowercase())
            {
                let mut draft = Draft {
                    dialect: Dialect::CLASSIC,
                    head_order: None,
                    head_bytes: None,
                };
                assert_eq!(draft.set(key.name, value), Ok(()), "{}={value}", key.name);
            }
        }
    }

    #[test]
    fn what_is_no_dialect_says_why() {
        let why = |spec: &str| format!("{}", spec.parse::<Dialect>().unwrap_err());
        assert_eq!(why("clasic"), "there is no preset \"clasic\"");
        assert_eq!(why("ordre=msb"), "there is no key \"ordre\"");
        assert_eq!(
            why("order=mbs"),
            "order is not \"mbs\", it is one of msb|lsb"
        );
        assert_eq!(why("order=lsb,lsb"), "there is no key \"lsb\"");
        for spec in [
            "counts-end=yes",
            "head=digits,head-nul=yes",
            "ack=none,final=both",
            "silence=retry",
            "head-order=lsb",
        ] {
            let error = spec.parse::<Dialect>().unwrap_err();
            assert!(matches!(error, SpecError::Contradiction(_)), "{spec}");
        }
    }
}

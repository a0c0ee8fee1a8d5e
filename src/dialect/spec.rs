//! A dialect as text: `preset`, `key=value,...` or `preset,key=value,...`.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use super::{
    Ack, AckSignal, AckTime, BitOrder, ByteAck, ByteOrder, Chars, Dialect, FinalAck, Head, HeadAck,
    OnSilence, Parity, Symbol,
};

/// Describes one key of a specification.
#[derive(Clone, Copy, Debug)]
pub struct SpecKey {
    /// The name.
    pub name: &'static str,
    /// Lists the values that the key takes.
    pub values: &'static str,
    /// Explains the key.
    pub meaning: &'static str,
    set: fn(&mut Draft, &str) -> Option<()>,
    /// Returns the value where it has to be given.
    get: fn(&Dialect) -> Option<String>,
}

/// Makes a [`SpecKey`]: of a field with named choices, of a field that is `yes` or `no`, or of any other.
macro_rules! key {
    ($name:literal, $values:literal, $meaning:literal, choice $field:ident: $type:ident) => {
        key!(
            $name,
            $values,
            $meaning,
            |draft, value| $type::from_word(value).map(|choice| draft.dialect.$field = choice),
            |d| (d.$field != Dialect::CLASSIC.$field).then(|| d.$field.word().into())
        )
    };
    ($name:literal, $values:literal, $meaning:literal, flag $field:ident) => {
        key!(
            $name,
            $values,
            $meaning,
            |draft, value| yes(value).map(|flag| draft.dialect.$field = flag),
            |d| d.$field.then(|| "yes".into())
        )
    };
    ($name:literal, $values:literal, $meaning:literal, $set:expr, $get:expr) => {
        SpecKey {
            name: $name,
            values: $values,
            meaning: $meaning,
            set: $set,
            get: $get,
        }
    };
}

/// Lists every key, in the order in which a specification is written.
pub static KEYS: &[SpecKey] = &[
    key!("order", "msb|lsb", "which bit of a byte of text comes first", choice order: BitOrder),
    key!("one", "usr2|usr1", "which signal is a 1", choice one: Symbol),
    key!("hello", "no|yes", "the client sends SIGUSR1 and waits for it (SIGUSR2: busy)", flag hello),
    key!("hello-signal", "usr1|usr2", "the signal that asks and admits; the other means busy", choice hello_signal: Symbol),
    key!("head", "none|nul|stx|lenN|len32-pid|digits|digits-pid|digits10|digits10-pid|pid|pid-lenN|pid-digits", "comes first (N bits)", choice head: Head),
    key!(
        "head-order",
        "msb|lsb",
        "the order of bits in the head (default: as order)",
        |draft, value| BitOrder::from_word(value).map(|order| draft.head_order = Some(order)),
        |d| (d.head.width().is_some() && d.head_order != d.order)
            .then(|| d.head_order.word().into())
    ),
    key!(
        "head-bytes",
        "big|little",
        "the order of bytes in the head (default: as its bits)",
        |draft, value| ByteOrder::from_word(value).map(|bytes| draft.head_bytes = Some(bytes)),
        |d| {
            let is_default = d.head_bytes == ByteOrder::of_bit_loop(d.head_order);
            (d.head.width().is_some() && !is_default).then(|| d.head_bytes.word().into())
        }
    ),
    key!("head-nul", "no|yes", "a NUL follows the length", flag head_nul),
    key!("counts-end", "no|yes", "the length counts the end byte", flag counts_end),
    key!(
        "end",
        "nul|none|etx|eot|0xNN",
        "the byte after the text; none: its length, or the client's end",
        |draft, value| end_byte(value).map(|end| draft.dialect.end = end),
        |d| (d.end != Dialect::CLASSIC.end).then(|| end_word(d.end))
    ),
    key!(
        "char-bits",
        "7|8|9|16|32",
        "how many bits a character has, and the end byte",
        |draft, value| {
            let bits = CHAR_BITS.iter().find(|bits| bits.to_string() == value);
            bits.map(|bits| draft.dialect.char_bits = *bits)
        },
        |d| (d.char_bits != Dialect::CLASSIC.char_bits).then(|| d.char_bits.to_string())
    ),
    key!("chars", "bytes|unicode", "what a character of 16 or 32 bits is", choice chars: Chars),
    key!("parity", "none|even|odd|space|mark", "the parity bit that follows each character", choice parity: Parity),
    key!("ack", "bit|none|byte|message", "what the server acknowledges", choice ack: Ack),
    key!("ack-head", "yes|last|no", "how much of the head is acknowledged", choice ack_head: HeadAck),
    key!("ack-signal", "usr1|usr2|echo|inverse", "which signal acknowledges; echo: that of the bit; inverse: the other one", choice ack_signal: AckSignal),
    key!("ack-byte", "same|other|both", "the acknowledgement of a byte's last bit", choice ack_byte: ByteAck),
    key!("ack-time", "after|before", "a message is acknowledged after or before it is written", choice ack_time: AckTime),
    key!(
        "final", "same|other|twice|both|none",
        "the acknowledgement of a message's last bit",
        choice final_ack: FinalAck
    ),
    key!(
        "wait",
        "MILLISECONDS",
        "how long the client waits for an acknowledgement (0: for ever)",
        |draft, value| value.parse().ok().map(|wait| draft.dialect.wait = wait),
        |d| (d.wait != Dialect::CLASSIC.wait).then(|| d.wait.to_string())
    ),
    key!("silence", "fail|retry", "after wait: gives up, or sends the bit again", choice silence: OnSilence),
    key!(
        "pace",
        "auto|MICROSECONDS",
        "the pause after a bit without acknowledgement (auto: until it is taken)",
        |draft, value| {
            let pace = if value == "auto" {
                None
            } else {
                Some(value.parse().ok()?)
            };
            draft.dialect.pace = pace;
            Some(())
        },
        |d| d.pace.map(|pace| pace.to_string())
    ),
];

/// Lists the numbers of bits that a character may have.
pub(super) const CHAR_BITS: [u8; 5] = [7, 8, 9, 16, 32];

/// Gives a specification a name.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name.
    pub name: &'static str,
    /// The specification that the name stands for.
    pub spec: &'static str,
    /// Which programs use it.
    pub meaning: &'static str,
}

macro_rules! presets {
    ($($name:literal = $spec:literal: $meaning:literal;)+) => {
        &[$(Preset { name: $name, spec: $spec, meaning: $meaning }),+]
    };
}

/// Lists every preset.
pub static PRESETS: &[Preset] = presets! {
    "classic" = "": "most significant bit first, SIGUSR2 is 1, NUL at the end, SIGUSR1 for every bit";
    "lsb" = "order=lsb": "as classic, least significant bit first";
    "inverted" = "one=usr1": "as classic, SIGUSR1 is 1";
    "inverted-lsb" = "order=lsb,one=usr1": "as inverted, least significant bit first";
    "paced" = "ack=none": "as classic without acknowledgements";
    "length" = "head=len32,end=none": "the length in 32 bits instead of a NUL";
    "pid" = "head=pid": "the client's PID in 32 bits, then as classic";
    "handshake" = "hello=yes,ack=none,pace=auto": "SIGUSR1 asks and SIGUSR1 admits, then bits without acknowledgements";
    "echo" = "ack-signal=echo": "every bit is sent back";
    "byte" = "ack=byte": "an acknowledgement for every byte";
    "message" = "ack=message": "one acknowledgement, for the message";
    "two" = "final=both": "as classic, and SIGUSR2 when the message is complete";
};

impl FromStr for Dialect {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut draft = Draft {
            dialect: Self::CLASSIC,
            head_order: None,
            head_bytes: None,
        };
        for (i, part) in text.split(',').map(str::trim_ascii).enumerate() {
            match part.split_once('=') {
                Some((key, value)) => draft.set(key.trim_ascii(), value.trim_ascii())?,
                None if i == 0 => {
                    let preset = PRESETS.iter().find(|preset| preset.name == part);
                    let preset = preset.ok_or_else(|| SpecError::Preset(part.into()))?;
                    for (key, value) in preset
                        .spec
                        .split(',')
                        .filter_map(|part| part.split_once('='))
                    {
                        draft.set(key, value)?;
                    }
                }
                None => return Err(SpecError::Key(part.into())),
            }
        }
        draft.finish()
    }
}

/// Holds the parsed part of a specification.
struct Draft {
    dialect: Dialect,
    head_order: Option<BitOrder>,
    head_bytes: Option<ByteOrder>,
}

impl Draft {
    fn set(&mut self, name: &str, value: &str) -> Result<(), SpecError> {
        let key = KEYS.iter().find(|key| key.name == name);
        let key = key.ok_or_else(|| SpecError::Key(name.into()))?;
        (key.set)(self, value).ok_or_else(|| SpecError::Value {
            key: name.into(),
            value: value.into(),
            values: key.values,
        })
    }

    fn finish(self) -> Result<Dialect, SpecError> {
        let mut d = self.dialect;
        d.head_order = self.head_order.unwrap_or(d.order);
        d.head_bytes = self
            .head_bytes
            .unwrap_or(ByteOrder::of_bit_loop(d.head_order));
        let has_number = d.head.width().is_some();
        let is_wide = d.char_bits > 9 && d.parity == Parity::None;
        let problem = if (d.head_nul || d.counts_end) && !d.head.is_length() {
            "head-nul and counts-end need a head that is a length"
        } else if d.counts_end && d.end.is_none() {
            "counts-end needs an end byte"
        } else if d.head_nul && d.head == Head::Digits {
            "head=digits ends with a NUL anyway"
        } else if (self.head_order.is_some() || self.head_bytes.is_some()) && !has_number {
            "head-order and head-bytes need a head of 8, 16, 32 or 64 bits"
        } else if d.char_bits > 9 && d.head != Head::None {
            "characters of 16 and 32 bits need head=none"
        } else if d.chars == Chars::Unicode && !is_wide {
            "chars=unicode needs char-bits=16 or 32, and no parity"
        } else if d.char_bits < 8 && d.end.is_some_and(|end| end >> d.char_bits != 0) {
            "the end byte needs more than char-bits"
        } else if d.ack_head != HeadAck::All && (d.head == Head::None || d.ack == Ack::None)
            || d.ack_head == HeadAck::None && d.ack == Ack::Message
        {
            "ack-head needs a head, and acknowledgements"
        } else if d.ack_byte != ByteAck::Same && d.ack != Ack::Bit {
            "ack-byte needs ack=bit"
        } else if d.hello_signal == Symbol::Usr2 && !d.hello {
            "hello-signal needs hello=yes"
        } else if d.ack == Ack::None && d.final_ack != FinalAck::Same {
            "final needs acknowledgements: ack=message for one at the end alone"
        } else if d.ack == Ack::Message && d.final_ack == FinalAck::None {
            "final=none takes away the only acknowledgement of ack=message"
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

/// End bytes that have names.
const END_WORDS: [(&str, Option<u8>); 4] = [
    ("none", None),
    ("nul", Some(0)),
    ("etx", Some(3)),
    ("eot", Some(4)),
];

fn end_byte(word: &str) -> Option<Option<u8>> {
    let named = END_WORDS.iter().find(|(name, _)| *name == word);
    named.map(|(_, end)| *end).or_else(|| {
        let hex = word.strip_prefix("0x")?;
        u8::from_str_radix(hex, 16).ok().map(Some)
    })
}

fn end_word(end: Option<u8>) -> String {
    let named = END_WORDS.iter().find(|(_, byte)| *byte == end);
    named.map_or_else(
        || alloc::format!("0x{:02x}", end.unwrap_or(0)),
        |(name, _)| (*name).into(),
    )
}

/// Writes what differs from the preset `classic`, or `classic`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for key in KEYS {
            if let Some(value) = (key.get)(self) {
                write!(f, "{separator}{}={value}", key.name)?;
                separator = ",";
            }
        }
        match separator {
            "" => f.write_str("classic"),
            _ => Ok(()),
        }
    }
}

/// Says why a text does not specify a dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// No preset has this name.
    Preset(String),
    /// No key has this name.
    Key(String),
    /// The key does not take this value.
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The values that the key takes.
        values: &'static str,
    },
    /// Two keys exclude each other.
    Contradiction(&'static str),
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
    fn each_preset_is_a_dialect_and_each_dialect_is_parsed_back() {
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
            "hello=yes,hello-signal=usr2,ack=byte",
            "order=lsb,end=etx,char-bits=7",
            "head=stx,end=etx",
            "char-bits=32,chars=unicode",
            "head=pid,ack=byte,ack-head=last,ack-signal=usr2",
        ] {
            let dialect: Dialect = spec.parse().unwrap();
            assert_eq!(format!("{dialect}"), spec);
        }
        let based: Dialect = "lsb,end=eot".parse().unwrap();
        assert_eq!(format!("{based}"), "order=lsb,end=eot");
    }

    #[test]
    fn each_key_takes_each_value_that_it_lists() {
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
        for head in Head::ALL {
            let dialect: Result<Dialect, _> = std::format!("head={}", head.word()).parse();
            assert_eq!(dialect.map(|dialect| dialect.head), Ok(*head));
        }
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        let why = |spec: &str| format!("{}", spec.parse::<Dialect>().unwrap_err());
        assert_eq!(why("clasic"), "there is no preset \"clasic\"");
        assert_eq!(why("ordre=msb"), "there is no key \"ordre\"");
        assert_eq!(
            why("order=mbs"),
            "order is not \"mbs\", it is one of msb|lsb"
        );
        assert_eq!(why("order=lsb,lsb"), "there is no key \"lsb\"");
        for (spec, words) in [
            ("counts-end=yes", "a head that is a length"),
            ("head=pid,head-nul=yes", "a head that is a length"),
            (
                "head=len16,end=none,counts-end=yes",
                "counts-end needs an end byte",
            ),
            ("head=digits,head-nul=yes", "ends with a NUL anyway"),
            ("head-order=lsb", "need a head of 8, 16, 32 or 64 bits"),
            (
                "head=digits,head-bytes=big",
                "need a head of 8, 16, 32 or 64 bits",
            ),
            ("ack=none,final=both", "final needs acknowledgements"),
            ("char-bits=10", "one of 7|8|9|16|32"),
            ("char-bits=16,head=pid", "32 bits need head=none"),
            ("chars=unicode", "needs char-bits=16 or"),
            ("head=stx,counts-end=yes", "a head that is a length"),
            ("char-bits=7,end=0xff", "the end byte needs more"),
            ("ack-head=no", "ack-head needs a head"),
            ("head=pid,ack=none,ack-head=last", "and acknowledgements"),
            ("head=pid,ack=message,ack-head=no", "and acknowledgements"),
            ("hello-signal=usr2", "hello-signal needs hello=yes"),
            ("silence=retry", "silence=retry needs"),
            ("silence=retry,wait=1,ack=none", "silence=retry needs"),
        ] {
            assert!(why(spec).contains(words), "{spec}: {}", why(spec));
        }
    }
}

//! The dialects that a stream could be in, and how much each of them takes to believe.

use alloc::vec::Vec;

use super::{ByteOrder, Dialect, Head, One, Order};

/// ByteOrder of a text that count: a long one has said enough at its beginning.
const ENOUGH: usize = 1 << 16;

/// Every dialect that a stream could be in, as far as what the client sends can show. `may_greet`: it could open with a handshake.
#[must_use]
pub fn all(may_greet: bool) -> Vec<Dialect> {
    let hellos: &[bool] = if may_greet { &[false, true] } else { &[false] };
    let mut all = Vec::new();
    for &order in Order::ALL {
        for &one in One::ALL {
            for &hello in hellos {
                let base = Dialect {
                    order,
                    one,
                    hello,
                    ..Dialect::CLASSIC
                };
                for &head in Head::ALL {
                    heads(&base, head, &mut |dialect| all.push(dialect));
                }
            }
        }
    }
    all
}

/// Every form of `head`, with every end that goes with it.
fn heads(base: &Dialect, head: Head, put: &mut impl FnMut(Dialect)) {
    let orders: &[Order] = match head.width() {
        Some(_) => Order::ALL,
        None => &[base.order],
    };
    for &head_order in orders {
        let both: &[ByteOrder] = match head.width() {
            Some(_) => ByteOrder::ALL,
            None => &[ByteOrder::matching(head_order)],
        };
        for &head_bytes in both {
            let dialect = Dialect {
                head,
                head_order,
                head_bytes,
                ..*base
            };
            if !head.is_length() {
                for end in [0, 3, 4] {
                    put(Dialect {
                        end: Some(end),
                        ..dialect
                    });
                }
                continue;
            }
            for head_nul in [false, true] {
                if head_nul && head == Head::Digits {
                    continue;
                }
                for (end, counts_end) in [(None, false), (Some(0), false), (Some(0), true)] {
                    put(Dialect {
                        head_nul,
                        end,
                        counts_end,
                        ..dialect
                    });
                }
            }
        }
    }
}

/// How rare the dialect_cost of a dialect are.
#[must_use]
pub fn dialect_cost(d: &Dialect) -> u32 {
    let dialect_cost = [
        (d.order == Order::Lsb, 8),
        (d.one == One::Usr1, 10),
        (d.hello, 20),
        (d.head == Head::Len16, 8),
        (d.head == Head::Len32, 6),
        (d.head == Head::Len64, 10),
        (d.head == Head::Digits, 8),
        (d.head_order != d.order, 12),
        (d.head_bytes != ByteOrder::matching(d.head_order), 8),
        (d.head_nul, 10),
        (d.counts_end, 4),
        (d.end != Some(0), 8),
    ];
    dialect_cost
        .iter()
        .map(|(has, cost)| u32::from(*has) * cost)
        .sum()
}

/// How rare the character `byte` is at offset `at` of a text, on the same scale.
#[must_use]
pub const fn text_cost(byte: u8, at: usize) -> u32 {
    if at < ENOUGH { byte_cost(byte) } else { 0 }
}

const fn byte_cost(byte: u8) -> u32 {
    match byte {
        b'a'..=b'z' | b' ' => 2,
        b'A'..=b'Z' | b'0'..=b'9' | b'.' | b',' => 4,
        b'!'..=b'~' | b'\n' | b'\t' => 6,
        // Half of a character of two bytes.
        0x80..=0xFF => 5,
        _ => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_guess_is_another_dialect_and_none_is_likelier_than_the_classic() {
        let all = all(true);
        assert_eq!(all.len(), 720);
        for (i, dialect) in all.iter().enumerate() {
            assert!(!all[..i].contains(dialect), "{dialect}");
            assert!(
                dialect_cost(dialect) > 0
                    || *dialect == Dialect::CLASSIC
                    || dialect.head == Head::Pid
            );
        }
        assert!(super::all(false).iter().all(|dialect| !dialect.hello));
    }

    fn text_cost(text: &[u8]) -> u32 {
        let costs = text.iter().enumerate();
        costs.map(|(at, byte)| super::text_cost(*byte, at)).sum()
    }

    #[test]
    fn prose_is_likelier_than_other_text_and_that_than_none() {
        assert!(text_cost(b"hello") < text_cost(b"HELLO"));
        assert!(text_cost(b"HELLO") < text_cost(b"{~#$}"));
        assert!(text_cost(b"{~#$}") < text_cost(b"\x01\x02\x03\x04\x05"));
        assert_eq!(text_cost(&[b'a'; ENOUGH]), text_cost(&[b'a'; 2 * ENOUGH]));
    }
}

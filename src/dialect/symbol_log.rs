//! The symbols of a message so far, eight to a byte.

use alloc::vec::Vec;

use super::{BitOrder, Dialect, Symbol};
use crate::wire::reason::Reason;

/// Holds symbols in order.
#[derive(Clone, Debug, Default)]
pub struct SymbolLog {
    bytes: Vec<u8>,
    len: usize,
}

impl SymbolLog {
    /// Returns the number of symbols.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns the bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Returns the byte that the last eight symbols are in `dialect`, if the number of symbols is a multiple of eight.
    pub fn last_byte(&self, dialect: &Dialect) -> u8 {
        let mut byte = self.bytes.last().copied().unwrap_or(0);
        if dialect.one == Symbol::Usr1 {
            byte = !byte;
        }
        match dialect.order {
            BitOrder::Lsb => byte,
            BitOrder::Msb => byte.reverse_bits(),
        }
    }

    /// Returns whether the first symbols are these bits, the lowest one first, with either signal for 1.
    pub fn starts_with_low(&self, bits: u16) -> bool {
        let is_first = |bits: u16| self.bytes.starts_with(&bits.to_le_bytes());
        is_first(bits) || is_first(!bits)
    }

    /// Returns the symbols in order.
    pub fn iter(&self) -> impl Iterator<Item = Symbol> {
        (0..self.len).filter_map(|index| self.get(index))
    }

    /// Appends a symbol.
    ///
    /// # Errors
    /// Returns [`Reason::NoMemory`] when there is no memory.
    pub fn push(&mut self, symbol: Symbol) -> Result<(), Reason> {
        let at = self.len % 8;
        if at == 0 {
            push(&mut self.bytes, 0)?;
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(symbol == Symbol::Usr2) << at;
        }
        self.len += 1;
        Ok(())
    }

    /// Returns a copy of the symbols from number `at` on.
    ///
    /// # Errors
    /// Returns [`Reason::NoMemory`] when there is no memory.
    pub fn since(&self, at: usize) -> Result<Self, Reason> {
        let mut rest = Self::default();
        for symbol in self.iter().skip(at) {
            rest.push(symbol)?;
        }
        Ok(rest)
    }

    /// Replaces the symbols by the bytes that `decode` returns for the first `count` of them, in the same memory: eight symbols
    /// make at most one byte, so no symbol is overwritten before it is decoded.
    pub fn into_text(
        mut self,
        count: usize,
        mut decode: impl FnMut(Symbol) -> Option<u8>,
    ) -> Vec<u8> {
        let mut len = 0;
        for index in 0..count {
            if let Some(byte) = self.get(index).and_then(&mut decode) {
                self.bytes[len] = byte;
                len += 1;
            }
        }
        self.bytes.truncate(len);
        self.bytes.shrink_to_fit();
        self.bytes
    }

    fn get(&self, index: usize) -> Option<Symbol> {
        let byte = self.bytes.get(index / 8).filter(|_| index < self.len)?;
        Some(match byte >> (index % 8) & 1 {
            0 => Symbol::Usr1,
            _ => Symbol::Usr2,
        })
    }
}

/// Appends a byte; grows by a page where there is no memory to double the capacity.
///
/// # Errors
/// Returns [`Reason::NoMemory`] when there is no memory for a page either.
pub fn push(bytes: &mut Vec<u8>, byte: u8) -> Result<(), Reason> {
    const PAGE: usize = 4096;
    bytes
        .try_reserve(1)
        .or_else(|_| bytes.try_reserve_exact(PAGE))
        .map_err(|_| Reason::NoMemory)?;
    bytes.push(byte);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_returned_in_order_and_become_text_in_place() {
        let symbol = |i: usize| Symbol::ALL[usize::from(i % 3 == 0)];
        let mut log = SymbolLog::default();
        for i in 0..20 {
            log.push(symbol(i)).unwrap();
            assert_eq!((log.len(), log.bytes.len()), (i + 1, i / 8 + 1));
        }
        assert!(log.iter().eq((0..20).map(symbol)));
        assert_eq!(log.get(20), None);
        assert!(log.since(9).unwrap().iter().eq((9..20).map(symbol)));
        let mut count = 0;
        let text = log.into_text(17, |found| {
            count += 1;
            assert_eq!(found, symbol(count - 1));
            (count % 8 == 0).then_some(count as u8)
        });
        assert_eq!((text.capacity(), text), (2, std::vec![8, 16]));
    }
}

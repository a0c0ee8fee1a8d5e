//! The landing pads, where exceptions from a function's calls continue: the table that a C++ or Rust compiler writes for the
//! unwinder.

/// Reads numbers as the unwinder does.
struct TableReader<'a> {
    bytes: &'a [u8],
}

impl TableReader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// Reads a LEB128 number: seven bits a byte, the lowest first.
    fn leb(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Reads a number in this encoding, if the encoding is a plain one.
    fn number(&mut self, encoding: u8) -> Option<u64> {
        const LEB: u8 = 1;
        let width = match encoding {
            LEB => return self.leb(),
            2 | 10 => 2,
            3 | 11 => 4,
            4 | 12 => 8,
            _ => return None,
        };
        let mut number = 0;
        for n in 0..width {
            number |= u64::from(self.byte()?) << (8 * n);
        }
        Some(number)
    }
}

/// Holds the start of a range of instructions, its end, and the landing pad of an exception that leaves the range.
pub type Pad = (u64, (u64, u64));

/// Reads the table of the function that begins at `function`; returns `None` if the table has another format.
pub fn read(table: &[u8], function: u64) -> Option<Vec<Pad>> {
    const OMITTED: u8 = 0xff;
    let mut table = TableReader { bytes: table };
    // With a start of its own, the table would count places from there and not from the function's start.
    (table.byte()? == OMITTED).then_some(())?;
    if table.byte()? != OMITTED {
        table.leb()?;
    }
    let encoding = table.byte()?;
    let length = usize::try_from(table.leb()?).ok()?;
    let mut sites = TableReader {
        bytes: table.bytes.get(..length)?,
    };
    let mut pads = Vec::new();
    while !sites.bytes.is_empty() {
        let [start, length, pad] = [(); 3].map(|()| sites.number(encoding));
        sites.leb()?;
        let start = function.checked_add(start?)?;
        let end = start.checked_add(length?)?;
        if let Some(pad) = pad.filter(|pad| *pad != 0) {
            pads.push((start, (end, function.checked_add(pad)?)));
        }
    }
    Some(pads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_where_each_call_goes_on_after_an_exception() {
        // The table gives no start and no types. It has two calls, and only the first call has a landing pad.
        let table = [0xff, 0xff, 1, 8, 4, 5, 0x90, 1, 0, 9, 3, 0, 0];
        assert!(read(&table[..12], 0x1000).is_none());
        let table = [0xff, 0xff, 1, 9, 4, 5, 0x90, 1, 0, 9, 3, 0, 0];
        assert_eq!(read(&table, 0x1000), Some(vec![(0x1004, (0x1009, 0x1090))]));
        // An unknown encoding, and a table that ends too early.
        assert_eq!(read(&[0xff, 0xff, 0x1b, 0], 0x1000), Some(vec![]));
        assert!(read(&[0xff, 0xff, 0x1b, 4, 0, 0, 0, 0], 0x1000).is_none());
        assert!(read(&[0, 0, 0, 0], 0x1000).is_none());
    }
}


impl BitWindow {
    /// Returns the serials of the bits in flight.
    pub fn serials(&self) -> alloc::vec::Vec<u8> {
        let in_flight = self.in_flight();
        (0..MAX_BITS_IN_FLIGHT)
            .filter(|ahead| in_flight >> ahead & 1 != 0)
            .map(|ahead| self.serials[self.slot(ahead)])
            .collect()
    }

    /// Gives each serial that still matters another, and forgets the others.
    pub fn relabel(&mut self, label: impl Fn(u8) -> u8) {
        let in_flight = self.in_flight();
        for ahead in 0..MAX_BITS_IN_FLIGHT {
            let slot = self.slot(ahead);
            self.serials[slot] = match in_flight >> ahead & 1 {
                0 => 0,
                _ => label(self.serials[slot]),
            };
        }
        self.serial = label(self.serial);
        self.recover = self.recover.max(self.acknowledged);
    }

    fn slot(&self, ahead: u32) -> usize {
        ((self.acknowledged + u64::from(ahead)) % u64::from(MAX_BITS_IN_FLIGHT)) as usize
    }
}

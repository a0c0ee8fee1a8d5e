
impl FrameReceiver {
    pub fn relabel(&mut self, label: impl Fn(u8) -> u8) {
        self.bits.relabel(label);
    }

    /// Returns the index of the bit or word that is due.
    pub fn due(&self) -> u64 {
        if self.in_words { self.next } else { self.bits.progress().next }
    }
}


impl BitBuffer {
    pub fn relabel(&mut self, label: impl Fn(u8) -> u8) {
        self.serial = label(self.serial);
    }
}


impl TurnScheduler {
    /// Forgets how long the turn has lasted: each event of a model says itself how late it is.
    pub fn restart_clock(&mut self) {
        if let Some(holder) = &mut self.holder {
            *holder = Holder::new(holder.party, 0);
        }
    }
}

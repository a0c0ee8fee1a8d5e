
impl FrameSender<'_> {
    /// Brings counters of which only a class matters to the least of their class.
    pub fn normalise(&mut self) {
        // Whether any, whether enough for a hello, and even or odd: which signal a request takes, and when it is a hello.
        self.timer.attempt = match self.timer.attempt {
            n @ 0..=3 => n,
            n => 2 + n % 2,
        };
        let is_counted = self.phase_number() == 0 && self.is_queued;
        self.timer.unanswered = match is_counted {
            true => self.timer.unanswered.min(MAX_QUEUED_HELLOS),
            false => 0,
        };
    }

    pub fn phase_number(&self) -> u64 {
        match self.phase {
            _ if self.result.is_some() => 3,
            Phase::Hello => 0,
            Phase::Open => 1,
            Phase::Data => 2,
        }
    }

    pub fn is_paused(&self) -> bool {
        self.timer.is_paused
    }

    pub fn serials(&self) -> alloc::vec::Vec<u8> {
        match &self.window {
            Window::Bits(window) => window.serials(),
            Window::Words(..) => alloc::vec::Vec::new(),
        }
    }

    pub fn relabel(&mut self, label: impl Fn(u8) -> u8) {
        if let Window::Bits(window) = &mut self.window {
            window.relabel(&label);
            if let Some(come) = &mut self.permitted_at {
                come.serial = label(come.serial);
            }
        }
    }

    /// Returns a hash of all that decides what this end does, but not when: without the clock.
    pub fn fingerprint(&self) -> u64 {
        use core::hash::{Hash, Hasher};
        let mut hasher = std::hash::DefaultHasher::new();
        (self.phase_number(), self.result, self.lane, self.is_queued).hash(&mut hasher);
        (self.nonces, self.drawn, self.next, &self.window).hash(&mut hasher);
        (self.restarts, self.has_gone_on, self.permitted_at, self.is_held).hash(&mut hasher);
        let timer = &self.timer;
        (timer.attempt, timer.unanswered, timer.is_paused, timer.is_running()).hash(&mut hasher);
        hasher.finish()
    }
}

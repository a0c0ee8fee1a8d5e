    pub fn phase_number(&self) -> usize {
        match self.phase {
            Phase::HelloZero => 0,
            Phase::HelloOne => 1,
            Phase::WordsRequest => 2,
            Phase::Words => 3,
            Phase::Bit(_) => 4,
            Phase::Finished(_) => 5,
        }
    }

    pub fn fingerprint(&self) -> u64 {
        use core::hash::{Hash, Hasher};
        if self.lane == Lane::Bit {
            return self.restarts.min(1).into();
        }
        // In the word lane only the parity of either count matters, and whether it is zero.
        let count = |n: u32| match self.phase {
            Phase::WordsRequest => n.min(MAX_WORDS_REQUESTS),
            Phase::Words if n > 1 => 2 + n % 2,
            _ => n.min(1),
        };
        let mut hasher = std::hash::DefaultHasher::new();
        (self.phase, self.size, &self.window).hash(&mut hasher);
        self.restarts.min(1).hash(&mut hasher);
        (count(self.timer.attempt), self.timer.is_paused, self.timer.is_running()).hash(&mut hasher);
        if self.phase == Phase::WordsRequest {
            count(self.timer.unanswered).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn transmission(&mut self) -> Transmit {
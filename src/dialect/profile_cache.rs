//! A bounded cache of the profiles of programs, which drops the least recently used one.

use alloc::vec::Vec;

use super::ack_choice::AckPolicy;
use super::ack_timing::SleepState;
use super::{AckSignal, Dialect, FinalAck, Symbol};

/// The number of programs that are remembered.
pub const MAX_PROGRAMS: usize = 1024;

/// The number of dialects that are remembered of one program: an interpreter runs many clients.
const MAX_DIALECTS: usize = 4;

/// Holds the properties that processes of one program have shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The dialects that its processes have used, with different visible forms; the last one found is last.
    pub dialects: Vec<Dialect>,
    /// How to acknowledge its processes, because one has ended on an acknowledgement.
    pub ended_on: Option<AckPolicy>,
    /// Whether that end, on SIGUSR1, was a success.
    pub ends_on_usr1: bool,
    /// How its processes have to be seen to sleep before they are acknowledged.
    pub ack_sleep: SleepState,
    /// Whether one has failed before its first bit was acknowledged.
    pub is_impatient: bool,
    /// Whether its exit status says nothing of the last acknowledgement: one has failed on the other signal, and another has sent
    /// what stands behind its text until that signal came.
    pub ignores_status: bool,
}

/// Says what one client has shown of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileUpdate {
    /// The client used this dialect.
    Speaks(Dialect),
    /// The client ended on an acknowledgement, so that the next one is better acknowledged like this.
    AckPolicy(AckPolicy),
    /// The client ended on a SIGUSR1 with exit status 0, and so takes it for the acknowledgement of its text.
    EndsOnUsr1,
    /// The client lost an acknowledgement that came before it slept like this.
    AckSleep(SleepState),
    /// The client failed before its first bit was acknowledged.
    Impatient,
}

impl Profile {
    /// Returns how to acknowledge a process whose dialect is to be detected.
    pub fn ack_policy(&self) -> Option<AckPolicy> {
        let of_dialect = |dialect: &Dialect| match dialect.ack_signal {
            AckSignal::Usr1 => None,
            AckSignal::Usr2 => {
                let is_first_other = dialect.hello && dialect.hello_signal == Symbol::Usr1;
                Some(AckPolicy::Usr2From(u8::from(is_first_other)))
            }
            compared => Some(AckPolicy::Compared(compared)),
        };
        let mut policies = self.dialects.iter().map(of_dialect);
        let first = policies.next().flatten();
        let of_all = first.filter(|first| policies.all(|other| other == Some(*first)));
        self.ended_on.or(of_all)
    }

    /// Adds a property that a client has shown. A dialect replaces the dialect of the same visible form.
    pub fn update(&mut self, update: ProfileUpdate) {
        let dialect = match update {
            ProfileUpdate::Speaks(dialect) => dialect,
            ProfileUpdate::AckPolicy(policy) => return self.ended_on = Some(policy),
            ProfileUpdate::EndsOnUsr1 => return self.ends_on_usr1 = true,
            ProfileUpdate::AckSleep(sleep) => return self.ack_sleep = self.ack_sleep.max(sleep),
            ProfileUpdate::Impatient => return self.is_impatient = true,
        };
        (self.ended_on, self.is_impatient) = (None, false);
        let is_other = dialect.final_ack == FinalAck::Other;
        self.dialects.retain(|old| {
            let is_same = old.visible_form() == dialect.visible_form();
            self.ignores_status |= is_same && is_other && old.final_ack == FinalAck::Both;
            !is_same
        });
        if self.dialects.len() == MAX_DIALECTS {
            self.dialects.remove(0);
        }
        self.dialects.push(dialect);
    }
}

/// Holds the profiles of programs, by a key of each program.
#[derive(Clone, Debug, Default)]
pub struct ProfileCache<K> {
    /// The profiles; the last one used is last.
    entries: Vec<(K, Profile)>,
}

impl<K: Copy + Eq> ProfileCache<K> {
    /// Returns the profile of `key`, which is empty if nothing is known, and marks it as used.
    pub fn get(&mut self, key: K) -> Profile {
        self.touch(key)
            .map_or_else(Profile::default, |profile| profile.clone())
    }

    /// Updates the profile of `key`. A full cache drops the profile that was not used for the longest time.
    pub fn update(&mut self, key: K, update: ProfileUpdate) {
        if let Some(profile) = self.touch(key) {
            return profile.update(update);
        }
        if self.entries.len() == MAX_PROGRAMS {
            self.entries.remove(0);
        }
        let mut profile = Profile::default();
        profile.update(update);
        self.entries.push((key, profile));
    }

    /// Moves the entry of `key` to the end.
    fn touch(&mut self, key: K) -> Option<&mut Profile> {
        let at = self.entries.iter().position(|(known, _)| *known == key)?;
        self.entries[at..].rotate_left(1);
        self.entries.last_mut().map(|(_, profile)| profile)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::dialects;
    use super::*;

    fn speaks(spec: &str) -> ProfileUpdate {
        ProfileUpdate::Speaks(spec.parse().unwrap())
    }

    #[test]
    fn a_full_cache_drops_the_program_that_was_not_used_for_the_longest_time() {
        let mut cache = ProfileCache::default();
        for program in 0..MAX_PROGRAMS {
            cache.update(program, speaks("classic"));
        }
        cache.get(0);
        cache.update(1, speaks("lsb"));
        cache.update(MAX_PROGRAMS, speaks("lsb"));
        for (program, dialects) in [(0, 1), (1, 2), (2, 0), (3, 1), (MAX_PROGRAMS, 1)] {
            assert_eq!(cache.get(program).dialects.len(), dialects, "{program}");
        }
        assert_eq!(cache.entries.len(), MAX_PROGRAMS);
    }

    #[test]
    fn a_dialect_replaces_the_one_of_the_same_visible_form() {
        let mut profile = Profile::default();
        for spec in ["classic", "lsb", "final=both", "one=usr1"] {
            profile.update(speaks(spec));
        }
        assert_eq!(
            profile.dialects,
            dialects(&["lsb", "final=both", "one=usr1"])
        );
        for spec in ["end=etx", "end=eot"] {
            profile.update(speaks(spec));
        }
        assert_eq!(
            profile.dialects,
            dialects(&["final=both", "one=usr1", "end=etx", "end=eot"])
        );
    }

    #[test]
    fn a_client_that_speaks_takes_back_that_sigusr1_ends_its_kind() {
        let mut profile = Profile::default();
        profile.update(ProfileUpdate::AckPolicy(AckPolicy::Compared(
            AckSignal::Echo,
        )));
        assert_eq!(
            profile.ack_policy(),
            Some(AckPolicy::Compared(AckSignal::Echo))
        );
        profile.update(speaks("classic"));
        assert_eq!(profile.ack_policy(), None);
    }

    #[test]
    fn a_program_whose_dialects_have_one_signal_is_acknowledged_with_it_in_others_too() {
        for (specs, expected) in [
            (&["ack-signal=usr2"][..], Some(AckPolicy::Usr2From(0))),
            (&["hello=yes,ack-signal=usr2"], Some(AckPolicy::Usr2From(1))),
            (
                &["hello=yes,hello-signal=usr2,ack-signal=usr2"],
                Some(AckPolicy::Usr2From(0)),
            ),
            (
                &["echo", "lsb,ack-signal=echo"],
                Some(AckPolicy::Compared(AckSignal::Echo)),
            ),
            (&["echo", "lsb"], None),
            (&["lsb", "echo"], None),
            (&[], None),
        ] {
            let mut profile = Profile::default();
            specs.iter().for_each(|spec| profile.update(speaks(spec)));
            assert_eq!(profile.ack_policy(), expected, "{specs:?}");
        }
    }
}

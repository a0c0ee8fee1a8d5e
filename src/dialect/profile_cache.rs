//! What was learned of programs: a bounded cache, from which the program is dropped that was not seen for the longest time.

use alloc::vec::Vec;
use core::hash::Hash;

use super::Dialect;
use super::receiver::ProfileUpdate;

/// Programs that are remembered.
pub const MAX_PROGRAMS: usize = 1024;

/// Dialects that are remembered of one program. An interpreter runs many clients.
const MAX_DIALECTS: usize = 4;

/// What is known of one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What its processes have spoken, in dialects that differ in more than acknowledgements. The last one found is last.
    pub dialects: Vec<Dialect>,
    /// Whether a process ended when it was answered with SIGUSR1.
    pub ack_on_usr2: bool,
}

impl Profile {
    /// Adds a lesson. A dialect replaces the one of the same form.
    pub fn learn(&mut self, lesson: ProfileUpdate) {
        let ProfileUpdate::Speaks(dialect) = lesson else {
            self.ack_on_usr2 = true;
            return;
        };
        self.ack_on_usr2 = false;
        self.dialects
            .retain(|old| old.visible_form() != dialect.visible_form());
        if self.dialects.len() == MAX_DIALECTS {
            self.dialects.remove(0);
        }
        self.dialects.push(dialect);
    }
}

/// The profiles of programs, by a key of each program.
#[derive(Clone, Debug)]
pub struct ProfileCache<K> {
    /// The one that was used last is last.
    entries: Vec<(K, Profile)>,
}

impl<K: Copy + Eq + Hash> ProfileCache<K> {
    /// Returns an empty cache.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Returns the profile of `key`, empty if nothing is known, and notes that it was used.
    pub fn get(&mut self, key: K) -> Profile {
        self.touch(key)
            .map_or_else(Profile::default, |profile| profile.clone())
    }

    /// Adds a lesson to the profile of `key`. A full cache drops the profile that was not used for the longest time.
    pub fn learn(&mut self, key: K, lesson: ProfileUpdate) {
        if self.touch(key).is_none() {
            if self.entries.len() == MAX_PROGRAMS {
                self.entries.remove(0);
            }
            self.entries.push((key, Profile::default()));
        }
        if let Some((_, profile)) = self.entries.last_mut() {
            profile.learn(lesson);
        }
    }

    /// Moves the entry of `key` to the end.
    fn touch(&mut self, key: K) -> Option<&mut Profile> {
        let at = self.entries.iter().position(|(known, _)| *known == key)?;
        self.entries[at..].rotate_left(1);
        self.entries.last_mut().map(|(_, profile)| profile)
    }
}

impl<K: Copy + Eq + Hash> Default for ProfileCache<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaks(spec: &str) -> ProfileUpdate {
        ProfileUpdate::Speaks(spec.parse().unwrap())
    }

    #[test]
    fn a_full_cache_drops_the_program_that_was_not_used_for_the_longest_time() {
        let mut profiles = ProfileCache::new();
        for program in 0..MAX_PROGRAMS {
            profiles.learn(program, speaks("classic"));
        }
        profiles.get(0);
        profiles.learn(MAX_PROGRAMS, speaks("lsb"));
        assert_eq!(profiles.get(0).dialects.len(), 1);
        assert_eq!(profiles.get(MAX_PROGRAMS).dialects.len(), 1);
        assert_eq!(profiles.get(1), Profile::default());
        assert_eq!(profiles.entries.len(), MAX_PROGRAMS);
    }

    #[test]
    fn a_dialect_replaces_the_one_of_the_same_form() {
        let mut profile = Profile::default();
        for spec in ["classic", "lsb", "final=both", "one=usr1"] {
            profile.learn(speaks(spec));
        }
        let specs: Vec<_> = ["lsb", "final=both", "one=usr1"]
            .map(|spec| spec.parse().unwrap())
            .into();
        assert_eq!(profile.dialects, specs);
    }
}

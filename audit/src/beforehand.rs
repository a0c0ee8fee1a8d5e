//! Code that the program runs before it installs a handler: no signal can interrupt it with that handler.

use std::collections::BTreeSet;
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions};

use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;

const JUMPS_BACK: [&str; 4] = ["longjmp", "_longjmp", "siglongjmp", "__longjmp_chk"];

impl Index {
    /// Returns whether control comes to `place` only before the handler is installed. The function around it runs once, and only
    /// later installs the handler or calls a function that installs it.
    pub fn precedes_installation(
        &mut self,
        number: u16,
        image: &Image,
        handler: Place,
        place: u64,
    ) -> bool {
        let Some((start, end)) = image.function_at(place) else {
            return false;
        };
        let sites = match self.installing.get(&(number, handler)) {
            Some(known) => known.clone(),
            None => {
                let found = self.find_installing(number, image, handler).map(Rc::new);
                self.installing.insert((number, handler), found.clone());
                found
            }
        };
        let Some(sites) = sites else {
            return false;
        };
        let mut own = sites.range(start..end).peekable();
        own.peek().is_some()
            && !own.any(|site| crate::reach::leads(image, *site, place))
            && self.runs_once(number, image, start)
    }

    /// Returns the calls that install the handler, and the calls of functions that install it; `None` if not all can be known.
    fn find_installing(
        &mut self,
        number: u16,
        image: &Image,
        handler: Place,
    ) -> Option<BTreeSet<u64>> {
        let known = self.handlers.get(&handler)?.sites.clone();
        if image.is_library || known.is_empty() || known.iter().any(|(of, _)| *of != number) {
            return None;
        }
        let mut sites: BTreeSet<u64> = known.into_iter().map(|(_, at)| at).collect();
        let mut todo = Vec::new();
        for at in &sites {
            todo.push(image.function_at(*at)?.0);
        }
        let tables = self.of(number, image);
        // After a jump back (`longjmp`), code that precedes the installation may run again.
        if !tables.calls_of(image, &JUMPS_BACK).is_empty() {
            return None;
        }
        let mut functions: Set<u64> = Set::default();
        while let Some(start) = todo.pop() {
            if !functions.insert(start) || tables.is_main(image, start) {
                continue;
            }
            let calls = tables
                .callers
                .get(&start)
                .filter(|calls| !calls.is_empty())?;
            if tables.taken.contains_key(&start) || image.constructors.contains(&start) {
                return None;
            }
            for at in calls {
                sites.insert(*at);
                todo.push(image.function_at(*at)?.0);
            }
        }
        Some(sites)
    }

    fn runs_once(&mut self, number: u16, image: &Image, function: u64) -> bool {
        let tables = self.of(number, image);
        let (mut start, mut seen) = (function, Set::default());
        while !tables.is_main(image, start) {
            let calls = tables.callers.get(&start).map(Vec::as_slice);
            let Some(&[call]) = calls else { return false };
            let bytes = image.bytes(call);
            let bytes = &bytes[..bytes.len().min(16)];
            let after = Decoder::with_ip(64, bytes, call, DecoderOptions::NONE)
                .decode()
                .next_ip();
            let Some((caller, _)) = image.function_at(call) else {
                return false;
            };
            let is_pointed_to = tables.taken.contains_key(&start);
            if is_pointed_to || !seen.insert(start) || crate::reach::leads(image, after, call) {
                return false;
            }
            start = caller;
        }
        true
    }
}

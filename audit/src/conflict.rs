//! Conflicts over data between the handler and what it interrupts.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Located, Verdict, part_of, whole};
use crate::explore::Explorer;
use crate::finding::{Finding, Kind, Weight};
use crate::policy::Policy;
use crate::races::{Coming, Who};

/// Adds what the handler stores or reads while the program, or another handler, is in the middle of a change of it.
pub fn find(
    explorer: &mut Explorer,
    policy: &Policy,
    address: u64,
    is_libcs: bool,
    verdict: &mut Verdict,
) {
    let files = &*explorer.files;
    let is_judged = |(of, at): (u16, u64)| {
        let code = files.image(of);
        !code.hides_libc() || !is_libcs && part_of(&code, address, at) == address
    };
    for (&(number, word, last, width), &(of, at)) in &explorer.stored {
        if !is_judged((of, at)) {
            continue;
        }
        let contexts = &explorer.contexts;
        let file = files.image(number);
        let coming = Coming {
            handler: explorer.handler,
            signals: explorer.signals,
            is_own: &|start| contexts.contains_key(&(number, start)),
        };
        let place = (word, last, width);
        let others = explorer.index.updates(number, &file, place, &coming);
        let elements = explorer
            .index
            .updates_of_elements(number, &file, word, &coming);
        let Some(&(other, _)) = others.first().or(elements.first()) else {
            continue;
        };
        let by = file.function_at(other).map_or(other, |(start, _)| start);
        let code = files.image(of);
        let start = code.function_at(at).map_or(at, |(start, _)| start);
        let why = format!(
            "stores to {}, which {} changes in several instructions at {other:#x}: what a signal stores between them is lost",
            file.place(word),
            file.name(by)
        );
        let signals = explorer.signals;
        let loses = |(at, who): &(u64, Who)| match who {
            Who::Program => explorer.index.loses(number, &file, *at, signals),
            Who::Handler(is_certain) => *is_certain,
        };
        let weight = match word == last && others.iter().any(loses) {
            true => Weight::Fault,
            false => Weight::Doubt,
        };
        let weight = policy.weight(Kind::Torn, weight);
        let finding = Finding::new(Kind::Torn, weight, at, why)
            .or("an atomic operation there, or signals that are blocked meanwhile");
        verdict.findings.push(Located {
            offset: at - start,
            ..whole((of, at), code.name(start), finding)
        });
    }
    let mut loads: BTreeMap<u16, BTreeSet<(u64, u64)>> = BTreeMap::new();
    for &(number, word, width) in explorer.loads.keys() {
        loads.entry(number).or_default().insert((word, width));
    }
    for (number, loads) in loads {
        let contexts = &explorer.contexts;
        let file = files.image(number);
        let coming = Coming {
            handler: explorer.handler,
            signals: explorer.signals,
            is_own: &|start| contexts.contains_key(&(number, start)),
        };
        let Some([(one, _), (two, other)]) = explorer.index.pair(number, &file, &loads, &coming)
        else {
            continue;
        };
        let read = |word: u64| {
            let touches = |(place, width): &&(u64, u64)| (*place..place + width).contains(&word);
            let load = loads.iter().find(touches)?;
            explorer.loads.get(&(number, load.0, load.1)).copied()
        };
        let Some((of, at)) = read(two).filter(|place| is_judged(*place)) else {
            continue;
        };
        let code = files.image(of);
        let start = code.function_at(at).map_or(at, |(start, _)| start);
        let by = file.function_at(other).map_or(other, |(start, _)| start);
        let why = format!(
            "reads {} and {}, which {} stores one after the other, at {other:#x}: a signal between sees one without the other",
            file.place(one),
            file.place(two),
            file.name(by)
        );
        let weight = policy.weight(Kind::Torn, Weight::Doubt);
        let finding = Finding::new(Kind::Torn, weight, at, why)
            .or("data of one word, or signals that are blocked meanwhile");
        verdict.findings.push(Located {
            offset: at - start,
            ..whole((of, at), code.name(start), finding)
        });
    }
    for (&(number, word, offset), &(of, at)) in &explorer.stored_through {
        if !is_judged((of, at)) {
            continue;
        }
        let contexts = &explorer.contexts;
        let file = files.image(number);
        let coming = Coming {
            handler: explorer.handler,
            signals: explorer.signals,
            is_own: &|start| contexts.contains_key(&(number, start)),
        };
        let others = explorer
            .index
            .updates_through(number, &file, (word, offset), &coming);
        let Some(&(other, _)) = others.first() else {
            continue;
        };
        let code = files.image(of);
        let start = code.function_at(at).map_or(at, |(start, _)| start);
        let why = format!(
            "stores to byte {offset:#x} of what {} points to, which the program changes in several instructions at {other:#x}: what a \
             signal stores between them is lost",
            file.place(word)
        );
        let weight = policy.weight(Kind::Torn, Weight::Doubt);
        let finding = Finding::new(Kind::Torn, weight, at, why)
            .or("an atomic operation there, or signals that are blocked meanwhile");
        verdict.findings.push(Located {
            offset: at - start,
            ..whole((of, at), code.name(start), finding)
        });
    }
}

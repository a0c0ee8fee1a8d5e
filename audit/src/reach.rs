//! Decides whether control may pass from one instruction of a function to another.

use std::collections::BTreeSet;
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::image::{Image, Slot};

/// The registers that a function preserves for its caller.
pub const KEPT: [Register; 6] = [
    Register::RBX,
    Register::RBP,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];

/// Returns whether some path of a function leads, or may lead, from the instruction at `from` to the instruction at `to`.
pub fn leads(image: &Image, from: u64, to: u64) -> bool {
    may_lead(image, from, Some(to), &[]).unwrap_or(true)
}

/// Returns whether some path of a function that avoids `stops` is known to lead from the instruction at `from` to the instruction
/// at `to`.
pub fn surely_leads(image: &Image, from: u64, to: u64, stops: &[u64]) -> bool {
    may_lead(image, from, Some(to), stops) == Some(true)
}

/// Returns whether it is known that no path of a function that avoids `stops` leads from the instruction at `from` to the
/// instruction at `to`.
pub fn never_leads(image: &Image, from: u64, to: u64, stops: &[u64]) -> bool {
    may_lead(image, from, Some(to), stops) == Some(false)
}

/// Returns whether the function may return after the instruction at `from` on some path that avoids `stops`.
pub fn returns(image: &Image, from: u64, stops: &[u64]) -> bool {
    may_lead(image, from, None, stops).unwrap_or(true)
}

/// Returns whether a path that avoids `stops` leads from `from` to `to`, or to the function's end if `to` is `None`. Returns `None`
/// if that is not known.
pub fn may_lead(image: &Image, from: u64, to: Option<u64>, stops: &[u64]) -> Option<bool> {
    const MOST: usize = 50_000;
    let (start, end) = image.function_at(from)?;
    let mut steps = image.steps.borrow_mut();
    let steps = steps
        .entry((start, end))
        .or_insert_with(|| vec![Transition::default(); (end - start) as usize]);
    let mut seen = vec![false; steps.len()];
    for stop in stops.iter().filter(|stop| (start..end).contains(stop)) {
        seen[(stop - start) as usize] = true;
    }
    let mut count = 0;
    let mut todo = vec![from];
    let mut is_known = true;
    while let Some(at) = todo.pop() {
        if to == Some(at) {
            return Some(true);
        }
        if count > MOST {
            return None;
        }
        if !(start..end).contains(&at) {
            // The function that this code jumps to returns in its place.
            if to.is_none() {
                return Some(true);
            }
            continue;
        }
        let place = (at - start) as usize;
        if std::mem::replace(&mut seen[place], true) {
            continue;
        }
        count += 1;
        if steps[place].len == 0 {
            steps[place] = Transition::of(image, at);
        }
        let step = steps[place];
        let next = at.wrapping_add(step.len.into());
        let target = next.wrapping_add_signed(step.target.into());
        match step.to {
            To::Next => todo.push(next),
            To::TargetOrNext => todo.extend([target, next]),
            To::Target => todo.push(target),
            To::Outside => todo.push(end),
            To::Anywhere => {
                is_known = false;
                todo.extend(table_targets(image, (start, end)).iter());
            }
            To::Caller if to.is_none() => return Some(true),
            To::Caller | To::Nowhere => {}
        }
    }
    is_known.then_some(false)
}

/// Returns the possible targets of a function's jumps by tables. These are the entries of read-only tables that its instructions
/// name, as far as they lead into the function.
pub fn table_targets(image: &Image, (start, end): (u64, u64)) -> Rc<[u64]> {
    const MOST: u64 = 1024;
    if let Some(known) = image.jumps.borrow().get(&start) {
        return known.clone();
    }
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let mut tables = BTreeSet::new();
    for i in Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
        if i.mnemonic() == Mnemonic::Lea && i.is_ip_rel_memory_operand() {
            tables.insert((i.ip_rel_memory_address(), 4));
        } else if image.is_fixed && i.memory_index_scale() == 8 && i.memory_displ_size() >= 4 {
            tables.insert((i.memory_displacement64(), 8));
        }
    }
    let entry = |table: u64, width: u64, n: u64| {
        let at = table + n * width;
        let number = image.number(at, width as usize)?;
        let to = match width {
            4 => table.wrapping_add_signed((number as u32).cast_signed().into()),
            _ => number,
        };
        (start..end).contains(&to).then_some(to)
    };
    let tables = tables
        .into_iter()
        .filter(|(table, _)| image.region(*table).is_some() && !image.is_writable(*table));
    let all: BTreeSet<u64> = tables
        .flat_map(|(table, width)| (0..MOST).map_while(move |n| entry(table, width, n)))
        .collect();
    let all: Rc<[u64]> = all.into_iter().collect();
    image.jumps.borrow_mut().insert(start, all.clone());
    all
}

/// Says where control goes after an instruction. Steps are kept for later queries: a large function has thousands of queries.
#[derive(Clone, Copy, Default)]
pub struct Transition {
    to: To,
    /// The length of the instruction in bytes, or 0 if it is not decoded yet.
    len: u8,
    /// The distance from the end of the instruction to the target of its jump.
    target: i32,
}

#[derive(Clone, Copy, Default)]
enum To {
    #[default]
    Next,
    Target,
    TargetOrNext,
    /// A jump to a function of another file, which returns in place of this function.
    Outside,
    /// A jump by a table.
    Anywhere,
    Caller,
    Nowhere,
}

impl Transition {
    fn of(image: &Image, at: u64) -> Self {
        let bytes = image.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        let i = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        let to = match i.flow_control() {
            FlowControl::Call | FlowControl::IndirectCall if ends_process(image, &i) => To::Nowhere,
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => To::Next,
            FlowControl::ConditionalBranch => To::TargetOrNext,
            FlowControl::UnconditionalBranch => To::Target,
            FlowControl::IndirectBranch if is_outside(image, &i) => To::Outside,
            FlowControl::IndirectBranch => To::Anywhere,
            FlowControl::Return => To::Caller,
            _ => To::Nowhere,
        };
        Self {
            to,
            len: i.len().max(1) as u8,
            // A near branch has 32 bits.
            target: i.near_branch_target().wrapping_sub(i.next_ip()) as i32,
        }
    }
}

/// Returns whether the instruction calls or jumps to a function of another file, through a word that the loader fills.
pub fn is_outside(image: &Image, i: &Instruction) -> bool {
    let word = i
        .is_ip_rel_memory_operand()
        .then(|| i.ip_rel_memory_address());
    word.is_some_and(|word| matches!(image.slots.get(&word), Some(Slot::Extern(_))))
}

/// Returns the calls of the function that holds the instruction at `at`.
pub fn calls(image: &Image, at: u64) -> Vec<u64> {
    let (start, end) = image.function_at(at).unwrap_or((at, at));
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let code = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE).into_iter();
    let calls = code.filter(|i| {
        matches!(
            i.flow_control(),
            FlowControl::Call | FlowControl::IndirectCall
        )
    });
    calls.map(|i| i.ip()).collect()
}

/// Returns whether a function calls a pointer that is not known to be a function of another file.
pub fn calls_pointer(image: &Image, start: u64, end: u64) -> bool {
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let code: Vec<Instruction> = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE)
        .into_iter()
        .collect();
    let loads = |of: &Instruction| {
        let word = of.is_ip_rel_memory_operand() && of.mnemonic() == Mnemonic::Mov;
        let word = word.then(|| of.ip_rel_memory_address());
        word.is_some_and(|word| matches!(image.slots.get(&word), Some(Slot::Extern(_))))
    };
    // A called register is known if calls preserve it, and it holds the address of an outside function on each path there.
    let is_known = |call: &Instruction| {
        let register = call.op0_register();
        let writes = code.iter().filter(|i| {
            let is_kept = matches!(
                i.mnemonic(),
                Mnemonic::Push | Mnemonic::Cmp | Mnemonic::Test
            );
            i.op_count() > 0
                && i.flow_control() == FlowControl::Next
                && i.op0_kind() == OpKind::Register
                && i.op0_register().full_register() == register
                && !is_kept
        });
        let all: Vec<u64> = writes.clone().map(Instruction::ip).collect();
        let mut others = writes.filter(|i| !loads(i)).map(Instruction::next_ip);
        KEPT.contains(&register)
            && never_leads(image, start, call.ip(), &all)
            && others.all(|after| never_leads(image, after, call.ip(), &all))
    };
    code.iter().any(|i| {
        i.flow_control() == FlowControl::IndirectCall && !is_outside(image, i) && !is_known(i)
    })
}

/// Returns whether no instruction of the function returns or leads out of it, so that a call at its end cannot return either.
pub fn never_returns(image: &Image, start: u64, end: u64) -> bool {
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let mut code = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE).into_iter();
    code.all(|i| match i.flow_control() {
        FlowControl::Return | FlowControl::IndirectBranch => false,
        FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => {
            (start..end).contains(&i.near_branch_target())
        }
        _ => true,
    })
}

/// Returns whether the instruction calls a function of the C library that ends the process.
fn ends_process(image: &Image, i: &Instruction) -> bool {
    const ENDS: [&str; 7] = [
        "_Exit",
        "__assert_fail",
        "__stack_chk_fail",
        "_exit",
        "abort",
        "exit",
        "quick_exit",
    ];
    let target = i.near_branch_target();
    let slot = match i.flow_control() {
        FlowControl::Call => image.stub(target),
        FlowControl::IndirectCall if i.is_ip_rel_memory_operand() => {
            Some(i.ip_rel_memory_address())
        }
        _ => return false,
    };
    let linked = || {
        let mut names = image.names.get(&target).into_iter().flatten();
        image.is_static && names.any(|name| ENDS.contains(&&**name))
    };
    match slot.and_then(|slot| image.slots.get(&slot)) {
        Some(Slot::Extern(name)) => ENDS.contains(&&*name.name),
        _ => match image.externs.get(&target) {
            Some(name) => ENDS.contains(&&*name.name),
            None => linked(),
        },
    }
}

/// Returns whether the code at `at` does nothing but end the process by a function of another file.
pub fn ends_at_once(image: &Image, at: u64) -> bool {
    // The instructions before the call set its arguments.
    const MOST: usize = 64;
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(MOST)];
    let mut code = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).into_iter();
    let call = code.find(|i| {
        let is_store = i.op_count() > 0 && i.op0_kind() == OpKind::Memory;
        i.flow_control() != FlowControl::Next || is_store
    });
    call.is_some_and(|i| ends_process(image, &i))
}

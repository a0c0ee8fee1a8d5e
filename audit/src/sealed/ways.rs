//! The ways through a function along which addresses of data are followed.

use std::collections::{BTreeSet, HashMap, VecDeque};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::follow::{WriterSearch, is_outside, makes_frame_pointer};
use super::held::KnownAddresses;
use crate::image::{Image, Slot};
use crate::state::ARGUMENTS;

/// Returns the targets of the jump by a table at the end of these instructions, as compilers write it. A comparison bounds the
/// index, a branch leaves if the index is above the bound, and the address of the table is loaded.
fn targets(image: &Image, code: &[Instruction]) -> Option<Vec<u64>> {
    const NEAR: usize = 12;
    const ENTRY: u64 = 4;
    let near = &code[code.len().saturating_sub(NEAR)..];
    let leaves = near.iter().rposition(|i| {
        i.flow_control() != FlowControl::Next && i.ip() != near[near.len() - 1].ip()
    })?;
    let bound = near[..leaves].last()?;
    let is_bound = near[leaves].condition_code() == iced_x86::ConditionCode::a
        && bound.mnemonic() == Mnemonic::Cmp;
    let most = bound.try_immediate(1).ok().filter(|_| is_bound)?;
    let loads = |i: &&Instruction| i.mnemonic() == Mnemonic::Lea && i.is_ip_rel_memory_operand();
    let table = near.iter().rev().find(loads)?.ip_rel_memory_address();
    let entry = |n: u64| {
        let at = table.checked_add(n.checked_mul(ENTRY)?)?;
        let offset = image.number(at, 4).filter(|_| !image.is_writable(at))? as u32;
        Some(table.wrapping_add_signed(offset.cast_signed().into()))
    };
    (most < 4096).then(|| (0..=most).map(entry).collect())?
}

impl WriterSearch<'_> {
    /// Follows the addresses of data through the instructions of one function.
    pub fn function(&mut self, code: &[Instruction]) {
        let takes = |i: &Instruction| i.mnemonic() == Mnemonic::Lea && i.is_ip_rel_memory_operand();
        self.is_handler = self.handlers.contains(&code[0].ip());
        self.has_frame_pointer = code.iter().any(makes_frame_pointer);
        self.for_jumps = for_jumps(code);
        self.for_clones = for_clones(self.image, code);
        if !code.iter().any(takes) {
            let nothing = KnownAddresses::default();
            for i in code {
                self.stores(i, &nothing);
            }
            return;
        }
        let mut ways = Ways::new(code);
        loop {
            while let Some(n) = ways.todo.pop_front() {
                if self.writers.anywhere {
                    return;
                }
                let before = ways.before(n);
                let after = self.step(&code[n], before);
                for to in self.targets(&mut ways, n, &after) {
                    match ways.places.get(&to) {
                        Some(&to) => ways.reach(to, &after),
                        None => self.leaves(&code[n], to, &after),
                    }
                }
            }
            let goes_on = ways.is_lost && ways.join_everywhere() || ways.begin_missed();
            if !goes_on {
                return;
            }
        }
    }

    /// Returns the addresses that control may reach from instruction `n`, which leaves the state `after`.
    fn targets(&mut self, ways: &mut Ways, n: usize, after: &KnownAddresses) -> Vec<u64> {
        let i = &ways.code[n];
        match i.flow_control() {
            FlowControl::UnconditionalBranch => vec![i.near_branch_target()],
            FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => {
                vec![i.near_branch_target(), i.next_ip()]
            }
            FlowControl::IndirectBranch if self.for_clones.contains(&i.ip()) => Vec::new(),
            FlowControl::IndirectBranch
                if let Some(all) = targets(self.image, &ways.code[..=n])
                    .filter(|all| all.iter().all(|to| ways.places.contains_key(to))) =>
            {
                all
            }
            FlowControl::IndirectBranch => {
                for register in ARGUMENTS {
                    self.hands(after.registers[register]);
                }
                ways.is_lost = true;
                Vec::new()
            }
            FlowControl::Return => Vec::new(),
            _ => vec![i.next_ip()],
        }
    }

    /// Notes that control goes on from the instruction to another function, at `to`.
    fn leaves(&mut self, i: &Instruction, to: u64, after: &KnownAddresses) {
        if !after.holds_any() {
            return;
        }
        // Control behind the end of the function is not followed. Behind a final call, no control goes on.
        if i.flow_control() == FlowControl::Next {
            self.writers.anywhere = true;
            return;
        }
        // The other function may be a part of this function that lies elsewhere.
        for register in ARGUMENTS {
            self.hands(after.registers[register]);
        }
        let is_kept =
            (0..16).any(|n| crate::summary::is_preserved(n) && after.registers[n].is_some());
        let is_whole = self.image.functions.contains_key(&to) && after.rsp == Some(0);
        self.writers.anywhere |= !is_outside(self.image, i) && (is_kept || !is_whole);
    }
}

/// Holds the states of one function's instructions, while its ways are followed.
struct Ways<'a> {
    code: &'a [Instruction],
    /// The number of each instruction, by its address.
    places: HashMap<u64, usize>,
    known: Vec<Option<KnownAddresses>>,
    todo: VecDeque<usize>,
    /// The joined state of all instructions, for code that control reaches in an unseen way.
    everywhere: Option<KnownAddresses>,
    /// Whether control may reach any instruction.
    is_lost: bool,
}

impl<'a> Ways<'a> {
    fn new(code: &'a [Instruction]) -> Self {
        let mut known = vec![None; code.len()];
        known[0] = Some(KnownAddresses {
            rsp: Some(0),
            ..KnownAddresses::default()
        });
        Self {
            code,
            places: code.iter().enumerate().map(|(n, i)| (i.ip(), n)).collect(),
            known,
            todo: VecDeque::from([0]),
            everywhere: None,
            is_lost: false,
        }
    }

    /// Returns the state before instruction `n`.
    fn before(&self, n: usize) -> KnownAddresses {
        let mut state = self.known[n].clone().unwrap_or_default();
        if let Some(all) = &self.everywhere {
            state.join(all);
        }
        state
    }

    /// Notes that control reaches instruction `to` with this state.
    fn reach(&mut self, to: usize, state: &KnownAddresses) {
        let is_new = match &mut self.known[to] {
            Some(known) => known.join(state),
            none => {
                *none = Some(state.clone());
                true
            }
        };
        if is_new && !self.todo.contains(&to) {
            self.todo.push_back(to);
        }
    }

    /// Joins the states of those instructions to `all`; returns whether that changes it.
    fn join_all(&self, all: &mut KnownAddresses, is_one: impl Fn(&Instruction) -> bool) -> bool {
        let known = self.known.iter().zip(self.code);
        let states = known.filter_map(|(state, i)| state.as_ref().filter(|_| is_one(i)));
        states.fold(false, |is_changed, state| all.join(state) | is_changed)
    }

    /// Joins all states, so that control may reach each instruction from any other; returns whether there is more to follow.
    fn join_everywhere(&mut self) -> bool {
        let is_first = self.everywhere.is_none();
        let mut all = self.everywhere.take().unwrap_or_default();
        let is_changed = self.join_all(&mut all, |_| true);
        self.everywhere = Some(all);
        if is_first || is_changed {
            for (n, state) in self.known.iter_mut().enumerate() {
                state.get_or_insert_default();
                self.todo.push_back(n);
            }
        }
        is_first || is_changed
    }

    /// Begins at the first instruction that no way was seen to, except padding, if there is one: it belongs to another function, or
    /// handles an exception that a call throws.
    fn begin_missed(&mut self) -> bool {
        let is_padding = |i: &Instruction| matches!(i.mnemonic(), Mnemonic::Nop | Mnemonic::Int3);
        let mut missed = self.known.iter().zip(self.code);
        let Some(missed) = missed.position(|(state, i)| state.is_none() && !is_padding(i)) else {
            return false;
        };
        let is_call = |i: &Instruction| {
            matches!(
                i.flow_control(),
                FlowControl::Call | FlowControl::IndirectCall
            )
        };
        let mut all = KnownAddresses::default();
        self.join_all(&mut all, is_call);
        self.known[missed] = Some(all);
        self.todo.push_back(missed);
        true
    }
}

/// Returns the addresses of the additions that compute the target of the jump behind them.
fn for_jumps(code: &[Instruction]) -> BTreeSet<u64> {
    let pairs = code.windows(2).filter(|two| {
        let [add, jump] = two else { return false };
        add.mnemonic() == Mnemonic::Add
            && add.op0_kind() == OpKind::Register
            && jump.flow_control() == FlowControl::IndirectBranch
            && jump.op0_kind() == OpKind::Register
            && jump.op0_register() == add.op0_register()
    });
    pairs.map(|two| two[0].ip()).collect()
}

/// Returns the addresses of the comparison and the jump around a call of the runtime of transactional memory.
fn for_clones(image: &Image, code: &[Instruction]) -> BTreeSet<u64> {
    let calls = code.windows(6).filter(|all| {
        let slot = image.slots.get(&all[2].ip_rel_memory_address());
        all[2].is_ip_rel_memory_operand()
            && matches!(slot, Some(Slot::Extern(name)) if name.name.starts_with("_ITM_"))
    });
    calls.flat_map(|all| [all[0].ip(), all[5].ip()]).collect()
}

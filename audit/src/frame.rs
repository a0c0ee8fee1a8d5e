//! The function that is being walked, with the facts noted on the way.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use iced_x86::{Code, Decoder, DecoderOptions};

use crate::comparison::Flags;
use crate::finding::{Finding, Kind, Weight};
use crate::graph;
use crate::hash::{Map, Set};
use crate::image::Image;
use crate::state::State;
use crate::summary::is_preserved;
use crate::value::{Base, Value};

/// Holds the function that is being walked.
pub struct Frame {
    pub image: Rc<Image>,
    pub number: u16,
    pub start: u64,
    pub bounds: (u64, u64),
    pub is_handler: bool,
    pub findings: Vec<Finding>,
    pub calls: Vec<(u64, usize)>,
    pub lowest: i64,
    pub clobbers: Option<(i64, i64)>,
    pub exits: Option<State>,
    pub errno_cause: Option<(u64, String)>,
    /// The places where exceptions continue, each with the state there while it is still to be walked.
    pub caught: BTreeMap<u64, Option<State>>,
    /// The control flow, used to judge loops.
    pub edges: Map<u64, Vec<u64>>,
    /// The edges that lead to a state equal to a state that was seen before.
    pub closed: Set<(u64, u64)>,
    pub steps: usize,
    /// The compare-and-swaps: whether each expects the same constant every time.
    pub expects: Map<u64, bool>,
    /// The comparison before each branch.
    pub tests: Map<u64, graph::Comparison>,
    /// The constant by which an instruction multiplies, if it is always the same.
    pub factors: Map<u64, Option<i64>>,
    /// The multiplications whose constant is in rax.
    pub factors_in_rax: Set<u64>,
    /// The lowest address that an instruction loads from, and the step between the addresses.
    pub steps_of_loads: Map<u64, (i64, u64)>,
    /// The last address of the file that an instruction touches.
    pub inside: Map<u64, u64>,
    /// The instructions that read `errno`.
    pub errno_reads: Set<u64>,
    /// The bounds of the stack that an instruction loads or stores; `written`: the bounds that the instruction or its callees may
    /// have changed.
    pub touched: Map<u64, (i64, i64)>,
    pub written: Map<u64, (i64, i64)>,
    /// The calls, each with whether it reaches code of the files.
    pub called: Map<u64, bool>,
    /// The functions of the C library, and the system calls, whose result a call gives; an empty name for any other function.
    pub results: Map<u64, HashSet<String>>,
    divides: Option<bool>,
    /// The largest number that each division by a constant, of 64 bits, was last seen to divide.
    pub dividends: Map<u64, u64>,
    /// The places of the stack that instructions name: whether each is named as the beginning of more than a word.
    pub named: BTreeMap<i64, bool>,
    /// The lowest and the highest place of the stack that a call is given, by the call and the register.
    pub passed: Map<(u64, usize), (i64, i64)>,
    /// The texts on the stack that may lack their end, by the address: the length, and whether they surely lack it.
    pub unended: BTreeMap<i64, (i64, bool)>,
    /// The places of the stack whose address instructions take.
    pub addresses: BTreeSet<i64>,
    /// The bounds of the stack that a call or a repeated instruction writes, if a varying number says how much.
    pub spread: Map<u64, (i64, i64)>,
    /// Whether the frame was extended by a number that is not constant, as by `alloca`.
    pub is_growing: bool,
    /// The instructions where control may go astray, each with the reason.
    pub strays: Vec<(u64, &'static str)>,
    /// The lowest place that the stack pointer was seen at, calls and saved registers aside.
    pub floor: Option<i64>,
    /// Whether the function reads byte by byte a text that is chosen from several.
    pub reads_texts: bool,
    /// The stores to unnamed data of files at a place that a register gives.
    pub unnamed: Set<u64>,
}

impl Frame {
    /// Returns the frame of a function of the file `number`, before any instruction of the function is walked.
    pub fn new(number: u16, image: Rc<Image>, start: u64, is_handler: bool) -> Self {
        Self {
            bounds: image.function_at(start).unwrap_or((start, start)),
            image,
            number,
            start,
            is_handler,
            findings: Vec::new(),
            calls: Vec::new(),
            lowest: 0,
            clobbers: None,
            exits: None,
            errno_cause: None,
            caught: BTreeMap::new(),
            edges: Map::default(),
            closed: Set::default(),
            steps: 0,
            expects: Map::default(),
            tests: Map::default(),
            factors: Map::default(),
            factors_in_rax: Set::default(),
            steps_of_loads: Map::default(),
            inside: Map::default(),
            errno_reads: Set::default(),
            touched: Map::default(),
            written: Map::default(),
            divides: None,
            dividends: Map::default(),
            named: BTreeMap::new(),
            passed: Map::default(),
            unended: BTreeMap::new(),
            addresses: BTreeSet::new(),
            spread: Map::default(),
            strays: Vec::new(),
            is_growing: false,
            floor: None,
            reads_texts: false,
            unnamed: Set::default(),
            called: Map::default(),
            results: Map::default(),
        }
    }

    /// Returns whether the function divides by a number of 64 bits that is not constant.
    pub fn divides(&mut self) -> bool {
        let (start, end) = self.bounds;
        let image = &self.image;
        *self.divides.get_or_insert_with(|| {
            let bytes = image.bytes(start);
            let length = usize::try_from(end - start).unwrap_or(usize::MAX);
            let bytes = &bytes[..bytes.len().min(length)];
            Decoder::with_ip(64, bytes, start, DecoderOptions::NONE)
                .iter()
                .any(|i| matches!(i.code(), Code::Div_rm64 | Code::Idiv_rm64))
        })
    }

    pub fn find(&mut self, kind: Kind, weight: Weight, at: u64, why: impl Into<String>) {
        self.add(Finding::new(kind, weight, at, why));
    }

    pub fn doubt(
        &mut self,
        kind: Kind,
        at: u64,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Finding::new(kind, Weight::Doubt, at, why).or(remedy));
    }

    /// Reports that control seems to go on behind the function.
    pub fn runs_off(&mut self, at: u64) {
        let why = "goes on past the end of the function";
        let remedy = "give the function its size, or see that the call before does not return";
        self.doubt(Kind::RunsOff, at, why, remedy);
    }

    /// Notes that control may go astray at the instruction at `at`.
    pub fn strays(&mut self, at: u64, why: &'static str) {
        self.strays.push((at, why));
    }

    /// Reports the instructions where control may go astray. If a store may have reached the frame, each is an open question, as
    /// the store is.
    pub fn report_strays(&mut self) {
        let may_be_overrun = self.may_be_overrun();
        for (at, why) in std::mem::take(&mut self.strays) {
            if may_be_overrun {
                let remedy = "a store that is shown to stay inside its array";
                self.doubt(Kind::Return, at, why, remedy);
            } else {
                self.find(Kind::Return, Weight::Fault, at, why);
            }
        }
    }

    /// Returns whether a store that is an open question may have reached the frame.
    pub fn may_be_overrun(&self) -> bool {
        let is_open = |found: &Finding| found.kind == Kind::Write && found.weight == Weight::Doubt;
        self.findings.iter().any(is_open)
    }

    pub fn add(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Returns whether `at` lies inside the function, other than at its beginning.
    pub fn has(&self, at: u64) -> bool {
        self.bounds.0 < at && at < self.bounds.1
    }

    /// Notes that control may go from the instruction at `at` to the one at `to`.
    pub fn leads(&mut self, at: u64, to: u64) {
        let edges = self.edges.entry(at).or_default();
        if !edges.contains(&to) {
            edges.push(to);
        }
    }

    /// Notes the comparison before the branch at `at`.
    pub fn compares(&mut self, at: u64, flags: &Flags) {
        let Flags { left, right, .. } = flags;
        self.tests
            .entry(at)
            .and_modify(|test| {
                test.left = test.left.or(left);
                test.right = test.right.or(right);
            })
            .or_insert_with(|| graph::Comparison {
                first: left.clone(),
                left: left.clone(),
                right: right.clone(),
            });
    }

    /// Notes the constant by which the instruction at `at` multiplies.
    pub fn multiplies(&mut self, at: u64, by: Option<i64>) {
        let known = self.factors.entry(at).or_insert(by);
        if *known != by {
            *known = None;
        }
    }

    /// Notes the function whose result the call at `at` gives.
    pub fn gives(&mut self, at: u64, name: &str) {
        let all = self.results.entry(at).or_default();
        if !all.contains(name) {
            all.insert(name.to_owned());
        }
    }

    /// Notes that the instruction at `at` works on the stack from `lo` to below `hi`.
    pub fn touches_stack(&mut self, at: u64, lo: i64, hi: i64, writes: bool) {
        let maps = [Some(&mut self.touched), writes.then_some(&mut self.written)];
        for map in maps.into_iter().flatten() {
            let (a, b) = map.entry(at).or_insert((lo, hi));
            (*a, *b) = ((*a).min(lo), (*b).max(hi));
        }
    }

    /// Notes that the call, or the repeated instruction, at `at` may write the stack from `lo` to below `hi`, or less.
    pub fn spreads(&mut self, at: u64, lo: i64, hi: i64) {
        let (a, b) = self.spread.entry(at).or_insert((lo, hi));
        (*a, *b) = ((*a).min(lo), (*b).max(hi));
    }

    pub fn uses_stack(&mut self, offset: i64) {
        self.lowest = self.lowest.min(offset);
    }

    /// Returns the value of a register that was restored from the stack. If a store of unknown extent may have changed it, assumes
    /// the value that the function must preserve. A call that may fill all of the stack above a place need not do so.
    pub fn restored(&self, register: usize, value: Value) -> Value {
        let is_open = self.clobbers.is_some_and(|(_, hi)| hi > i64::MAX / 8);
        if value.base != Base::Unknown || !is_open || !is_preserved(register) {
            return value;
        }
        Value::at(Base::Kept(register as u8), 0)
    }

    pub fn clobber(&mut self, lo: i64, hi: i64) {
        if hi > 8 {
            let lo = lo.max(8);
            let (a, b) = self.clobbers.unwrap_or((lo, hi));
            self.clobbers = Some((a.min(lo), b.max(hi)));
        }
    }
}

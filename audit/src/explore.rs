//! Walks a function and its callees along each possible path, with the known facts about registers and stack.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory};

use crate::allow::Allow;
use crate::assume::{Assumptions, Extent, Pointer};
use crate::callee::Callee;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::hash::{Map, Set};
use crate::index::Index;
use crate::loops;
use crate::mask::{MaskChange, Saved, Signals};
use crate::mixture::Pass;
use crate::nested::Word;
use crate::nesting::Nesting;
use crate::private::Part;
use crate::state::{Before, Errno, State, Words};
use crate::summary::Summary;
use crate::value::{Base, Value};

/// Holds a function, as called in one way, with its findings.
pub struct Node {
    pub image: u16,
    pub start: u64,
    pub findings: Vec<Finding>,
    pub calls: Vec<(u64, usize)>,
    pub summary: Summary,
    pub errno_cause: Option<(u64, String)>,
    /// The control flow; empty for a function that is too large for explaining its paths.
    pub edges: Map<u64, Vec<u64>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    image: u16,
    start: u64,
    arguments: [Value; 6],
    errno: Errno,
    given: Vec<Given>,
    looked: Words,
    is_handler: bool,
}

/// Is a word of the caller's stack: its offset, its width in bytes, and its value.
pub type Given = (i64, u8, Value);

/// Holds a call that has not returned yet.
pub struct Active {
    pub function: (u16, u64),
    pub arguments: [Value; 6],
}

/// Holds a call or a store that a watch asked for.
pub struct Hit {
    pub at: u64,
    pub callee: Callee,
    pub state: State,
}

/// Selects and records calls and stores of the function that is explored first.
#[derive(Default)]
pub struct Watch {
    /// The functions whose calls to record, besides the functions of the C library that install handlers.
    pub functions: HashSet<(u16, u64)>,
    /// The addresses to which stores are recorded.
    pub stores: HashSet<u64>,
    pub hits: Vec<Hit>,
    pub stored: Vec<(u64, u64, Value)>,
    /// The number of instructions walked before the code to which exceptions lead; `None` if there is no such code.
    pub steps_before: Option<usize>,
}

/// Says how far the exploration goes.
#[derive(Clone, Copy)]
pub struct Limits {
    /// The number of instructions, in all, that are explored with enough states kept apart for the rounds of two nested loops.
    pub wide: usize,
    /// The number of states kept apart at one instruction.
    pub apart: usize,
    /// The number of instructions of one function explored with states kept apart.
    pub exact: usize,
    /// The number of instructions explored in all.
    pub total: usize,
    /// The depth of nested calls.
    pub depth: usize,
}

impl Limits {
    /// Returns the number of states to keep apart after `steps` instructions in all and `of_function` of one function.
    pub const fn apart(&self, steps: usize, of_function: usize) -> usize {
        const WIDE: usize = 400;
        if steps < self.wide {
            WIDE
        } else if of_function < self.exact {
            self.apart
        } else {
            0
        }
    }
}

pub struct Explorer<'a> {
    pub files: &'a mut Files,
    pub index: &'a mut Index,
    pub allow: &'a Allow,
    pub limits: Limits,
    pub nodes: Vec<Node>,
    pub watch: Option<Watch>,
    /// The reviewer's statements.
    pub assumptions: Option<&'a Assumptions>,
    /// The statements that were relied on, by their numbers.
    pub relied: BTreeMap<usize, Extent>,
    /// The pointers that were loaded through other pointers that are stated to be valid.
    pub pointers: Vec<Pointer>,
    pub statements: HashMap<Pointer, String>,
    /// The places that are stored to through a word of a file, by their offset, each with an instruction that stores there.
    pub stored_through: BTreeMap<(u16, u64, i64), (u16, u64)>,
    /// The pairs of words, other than flags, that the handler stores one after the other, each with an instruction that stores the
    /// second.
    pub pairs: BTreeMap<(u16, [u64; 2]), (u16, u64)>,
    /// The pairs of a word and a flag that the handler stores one after the other, each with an instruction that stores the second.
    pub announced: BTreeMap<(u16, [u64; 2]), (u16, u64)>,
    /// Whether a word of a file is assumed to hold the values that the file and its instructions are seen to put there.
    ///
    /// A fault found under this assumption is a fault in some run of the program; the absence of faults proves nothing.
    pub supposes: bool,
    /// The handler that is explored, and its signals.
    pub handler: (u16, u64),
    pub signals: Signals,
    /// The objects that accesses are not shown to stay inside, by the file and the address of the access.
    pub objects: HashMap<(u16, u64), (u64, u64)>,
    /// The objects that accesses are seen to leave with the one explored signal, by the file and the address of the access.
    pub left: Map<(u16, u64), (u64, u64)>,
    /// The stores that each function may have made before it installs the handler.
    pub before: Vec<Before>,
    /// The functions that install the handler.
    pub installers: BTreeSet<(u16, u64)>,
    /// Whether the handler is given a siginfo and a ucontext (`SA_SIGINFO` is set), or `None` if that is not known.
    pub has_info: Option<bool>,
    /// Whether the handler may be interrupted by itself, and why.
    pub nesting: Nesting,
    /// The signals for which the exploration asks whether the handler unblocks one; once it may do so, no more code is read.
    pub asked: Option<Signals>,
    /// The signals that would run the handler again if the handler raised them; empty if no signal would, or if they are unknown.
    pub own_signals: BTreeSet<i64>,
    /// The signal that is explored alone, if it ends the process by default.
    pub deadly: Option<i64>,
    /// Whether the handler was seen to end the process by the signal `deadly`.
    pub is_ended: bool,
    /// Whether each call that installs the handler sets `SA_RESETHAND`.
    pub is_reset: bool,
    /// Whether the handler calls a function that installs handlers.
    pub installs: bool,
    /// The stores of pointers to data that is gone when the handler has returned, each with the word that keeps the pointer.
    pub kept: Map<(u16, u64), (u16, u64)>,
    /// The stores that may belong together with other stores, each with the data that holds both, if it is data of one file.
    pub torn: Map<(u16, u64), Vec<Option<Part>>>,
    /// The addresses of data that are put where other code may find them: the file, the lowest and the highest address.
    pub published: BTreeSet<(u16, i64, i64)>,
    /// The words of files to which other values than the pointers in `kept` are stored, each with an instruction that stores there.
    pub stored_else: BTreeMap<(u16, u64), (u16, u64)>,
    /// The stores to data of files: the file, the lowest and the highest address and the width, each with an instruction.
    pub stored: BTreeMap<(u16, u64, u64, u64), (u16, u64)>,
    /// The constants, zero or negative, that the handler stores to words of files: the file, the word, the constant and its bytes,
    /// each with an instruction that stores it.
    pub nulled: BTreeMap<(u16, u64, i64, u32), (u16, u64)>,
    /// The texts, and blocks whose length is not known, that the handler stores to data of files, each with an instruction.
    pub texts: BTreeMap<(u16, u64), (u16, u64)>,
    /// The loads of writable data of files by an address that is known: the file, the word and the width, each with an instruction.
    pub loads: BTreeMap<(u16, u64, u64), (u16, u64)>,
    /// The loads of elements that an index chooses, by the file and the lowest address, each with an instruction.
    pub elements: BTreeMap<(u16, u64), (u16, u64)>,
    /// The instructions that compare a word of a file and exchange it, by the word.
    pub exchanges: BTreeMap<(u16, u64), BTreeSet<(u16, u64)>>,
    /// The places that each instruction loads from or stores to, from the lowest to the highest.
    pub places: Map<(u16, u64), (Base, i64, i64)>,
    /// The calls that read a block, by the place of the call.
    pub passes: Map<(u16, u64), Pass>,
    /// The known targets of the pointers of files, by the pointer, for each pointer that was looked up.
    pub targets: Map<(u16, u64), Option<crate::pointed::Targets>>,
    /// The numbers of files that are assumed never to be negative; `not_counters`: the numbers without this assumption.
    pub counters: BTreeSet<(u16, u64)>,
    pub not_counters: BTreeSet<(u16, u64)>,
    /// The stores to data of files that do not store a whole, non-negative number: the file, and the bounds of the addresses.
    pub odd_stores: BTreeSet<(u16, u64, u64)>,
    /// The word that chooses the element of an array to which an instruction stores, by the instruction.
    pub appended_by: BTreeMap<(u16, u64), Option<u64>>,
    /// Whether only the handler changes a number of a file while it runs a function; has an entry for each number that was looked
    /// up.
    pub kept_meanwhile: Map<(u16, u64, u64), bool>,
    /// The instructions that load a word of a file, by the word, in a handler that may interrupt itself.
    pub loaded: Map<(u16, u64), Set<u64>>,
    /// The stores of changed values that an instruction in `loaded` has read, each with the word.
    pub lost: Map<(u16, u64), Word>,
    /// The effects of calls on the set of blocked signals; while handlers are searched for, only calls of the function explored
    /// first.
    pub masks: Map<(u16, u64), MaskChange>,
    pub saved: Saved,
    /// The functions that are called through words that the dynamic loader may fill as late as at the first call.
    pub bound_late: BTreeSet<String>,
    /// Whether digits and texts are followed to their ends; if so, each store of them is checked to stay inside its array.
    pub follows_texts: bool,
    /// Whether the results of a kernel call are told apart: an error, which sets errno, or a success, which does not.
    pub tells_errors: bool,
    /// Whether the handler is seen to restore errno; `ends_by_error`: whether it ends the process after an error without restoring
    /// errno.
    pub puts_back: bool,
    /// Whether code of a file stores to `errno`.
    pub assigns_errno: bool,
    pub ends_by_error: bool,
    /// Whether a number was seen to be divided repeatedly, as in the conversion of a number to digits.
    pub is_reduced: bool,
    memo: Map<Key, usize>,
    pub contexts: Map<(u16, u64), usize>,
    /// The arguments that all calls of a function have in common.
    common: Map<(u16, u64), [Value; 6]>,
    pub active: Vec<Active>,
    pub steps: usize,
    decoded: Map<(u16, u64), Instruction>,
    pub factory: InstructionInfoFactory,
}

/// The number of instructions of the largest function whose control flow is kept.
const MOST_EDGES: usize = 3_000;

impl<'a> Explorer<'a> {
    pub fn new(
        files: &'a mut Files,
        index: &'a mut Index,
        allow: &'a Allow,
        limits: Limits,
    ) -> Self {
        Self {
            files,
            index,
            allow,
            limits,
            nodes: Vec::new(),
            watch: None,
            assumptions: None,
            relied: BTreeMap::new(),
            pointers: Vec::new(),
            statements: HashMap::new(),
            stored_through: BTreeMap::new(),
            pairs: BTreeMap::new(),
            announced: BTreeMap::new(),
            supposes: false,
            handler: (0, 0),
            signals: 0,
            objects: HashMap::new(),
            left: Map::default(),
            before: Vec::new(),
            installers: BTreeSet::new(),
            has_info: Some(true),
            nesting: Nesting::default(),
            asked: None,
            own_signals: BTreeSet::new(),
            deadly: None,
            is_ended: false,
            is_reset: false,
            installs: false,
            kept: Map::default(),
            torn: Map::default(),
            published: BTreeSet::new(),
            stored_else: BTreeMap::new(),
            stored: BTreeMap::new(),
            nulled: BTreeMap::new(),
            texts: BTreeMap::new(),
            loads: BTreeMap::new(),
            elements: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            places: Map::default(),
            passes: Map::default(),
            targets: Map::default(),
            counters: BTreeSet::new(),
            not_counters: BTreeSet::new(),
            odd_stores: BTreeSet::new(),
            appended_by: BTreeMap::new(),
            kept_meanwhile: Map::default(),
            loaded: Map::default(),
            lost: Map::default(),
            masks: Map::default(),
            saved: Saved::default(),
            bound_late: BTreeSet::new(),
            follows_texts: true,
            tells_errors: false,
            puts_back: false,
            assigns_errno: false,
            ends_by_error: false,
            is_reduced: false,
            memo: Map::default(),
            contexts: Map::default(),
            common: Map::default(),
            active: Vec::new(),
            steps: 0,
            decoded: Map::default(),
            factory: InstructionInfoFactory::new(),
        }
    }

    /// Returns how many functions are being walked, each called by the one before.
    pub fn depth(&self) -> usize {
        self.active.len()
    }

    /// Explores the function and returns its node.
    pub fn function(
        &mut self,
        image: u16,
        start: u64,
        arguments: &[Value; 6],
        errno: Errno,
        is_handler: bool,
    ) -> usize {
        let before = (errno, &[][..], Rc::default());
        self.called(image, start, arguments, before, is_handler)
    }

    /// Explores a function that is called with this `errno`. `given`: words of its caller's stack, by their offsets from the return
    /// address. `looked`: words of files that were seen not to be null.
    pub fn called(
        &mut self,
        image: u16,
        start: u64,
        arguments: &[Value; 6],
        (errno, given, looked): (Errno, &[Given], Words),
        is_handler: bool,
    ) -> usize {
        let mut key = Key {
            image,
            start,
            arguments: arguments.clone(),
            errno,
            given: given.to_vec(),
            looked,
            is_handler,
        };
        // The number of ways in which a function is explored before arguments that differ between its calls count as unknown.
        const MOST: usize = 10;
        const MOST_OF_SHORT: usize = 100;
        // The largest size in bytes of a short function, such as a function that a debug build does not inline.
        const SHORT: u64 = 192;
        if let Some(&known) = self.memo.get(&key) {
            return known;
        }
        let contexts = self.contexts.entry((image, start)).or_default();
        *contexts += 1;
        let common = self.common.entry((image, start));
        let common = common.or_insert_with(|| arguments.clone());
        for (known, argument) in common.iter_mut().zip(arguments) {
            if known != argument {
                *known = Value::UNKNOWN;
            }
        }
        let length = self.files.image(image).function_at(start);
        let is_short = length.is_some_and(|(start, end)| end - start <= SHORT);
        if *contexts > if is_short { MOST_OF_SHORT } else { MOST } {
            key.arguments = common.clone();
            if let Some(&known) = self.memo.get(&key) {
                return known;
            }
        }
        let mut frame = Frame::new(image, self.files.image(image), start, is_handler);
        self.active.push(Active {
            function: (image, start),
            arguments: key.arguments.clone(),
        });
        let mut state = State::new(&key.arguments, errno);
        state.looked = key.looked.clone();
        for (at, width, value) in given {
            state.put_slot(*at, *width, value.clone());
        }
        if is_handler && self.is_reset {
            state.defaulted = self.deadly;
        }
        let entered = state.registers.clone();
        self.walk(&mut frame, state);
        self.active.pop();
        // The search for handlers does not look for faults.
        if self.watch.is_none() {
            self.judge_arrays(&mut frame);
            frame.report_strays();
        }
        let mut summary = Summary::of(&frame, errno, &entered);
        if self.watch.is_none() {
            summary.spread = self.judge_neighbours(&mut frame);
            let decoded = |at| self.decoded.get(&(image, at)).copied();
            loops::judge(&mut frame, &decoded);
            summary.result = loops::result(&frame, &decoded);
        }
        let id = self.nodes.len();
        self.nodes.push(Node {
            image,
            start,
            findings: frame.findings,
            calls: frame.calls,
            summary,
            errno_cause: frame.errno_cause,
            edges: if frame.edges.len() <= MOST_EDGES && self.watch.is_none() {
                frame.edges
            } else {
                Map::default()
            },
        });
        self.memo.insert(key, id);
        id
    }

    /// Returns an instruction that was walked.
    pub fn instruction_at(&self, image: u16, at: u64) -> Option<Instruction> {
        self.decoded.get(&(image, at)).copied()
    }

    pub fn decode(&mut self, frame: &mut Frame, at: u64) -> Option<Instruction> {
        if let Some(known) = self.decoded.get(&(frame.number, at)) {
            return Some(*known);
        }
        if !frame.image.is_code(at) {
            frame.doubt(
                Kind::Undecodable,
                at,
                "control goes where the file has no code",
                "audit the file that has it",
            );
            return None;
        }
        let bytes = frame.image.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        let instruction = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        if frame.image.region(at).is_some_and(|r| r.write) {
            frame.find(
                Kind::Undecodable,
                Weight::Fault,
                at,
                "is code in memory that can be written while it runs",
            );
        } else if frame.image.has_text_relocations {
            frame.doubt(
                Kind::Undecodable,
                at,
                "is code that may be changed before it runs",
                "code in read-only memory",
            );
        }
        if instruction.is_invalid() {
            frame.find(
                Kind::Undecodable,
                Weight::Fault,
                at,
                "is no instruction of x86-64",
            );
            return None;
        }
        self.decoded.insert((frame.number, at), instruction);
        Some(instruction)
    }
}
